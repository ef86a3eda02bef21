"""Clamps for ops that overflow by multiplying or adding up: operands bounded so that the result
stays representable. Exponentials and domains stand in clamp."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from nandoctor.interventions.arguments import is_in_place, is_real
from nandoctor.interventions.site import Repair


def largest_result(dtype: torch.dtype) -> float:
    """Return a bound on results that leaves room for a square, or for a sum in float16."""
    limit = torch.finfo(dtype).max
    return 0.1 * limit if dtype == torch.float16 else 0.01 * math.sqrt(limit)


def bounded(x: Any, factors: float, terms: float) -> Any:
    """Clamp an operand of a product of ``factors`` operands that is summed over ``terms``.

    One that is infinite already stays: it did not overflow here.
    """
    if not is_real(x) or not bool(torch.isfinite(x).all()):
        return x
    limit = (largest_result(x.dtype) / max(terms, 1.0)) ** (1.0 / max(factors, 1.0))
    return x.clamp(-limit, limit)


def _operands(factors: float, terms: Callable[[tuple[Any, ...]], float]) -> Repair:
    """Bound every tensor operand of a call that overflows."""

    def repair(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        number = terms(args)
        new = tuple(bounded(a, factors, number) for a in args)
        if is_in_place(func):
            return args[0].copy_(func(new[0].clone(), *new[1:], **kwargs))
        return func(*new, **kwargs)

    return repair


def _one(args: tuple[Any, ...]) -> float:
    return 1.0


def _inner(args: tuple[Any, ...]) -> float:
    """Return how many products a matrix product sums up."""
    tensors = [a for a in args if isinstance(a, torch.Tensor) and a.ndim]
    return float(max((t.shape[-1] for t in tensors), default=1))


def _filter(args: tuple[Any, ...]) -> float:
    """Return how many products a convolution sums up."""
    weight = args[1] if len(args) > 1 and isinstance(args[1], torch.Tensor) else None
    return float(weight[0].numel()) if weight is not None and weight.ndim > 1 else 1.0


def _all(args: tuple[Any, ...]) -> float:
    return float(args[0].numel()) if isinstance(args[0], torch.Tensor) else 1.0


def _power(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Bound the base of a power above 1."""
    exponent = args[1] if len(args) > 1 else kwargs.get("exponent")
    if not isinstance(exponent, (int, float)) or exponent <= 1 or not is_real(args[0]):
        return NotImplemented
    return _operands(float(exponent), _one)(func, args, kwargs)


def _running_product(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Bound the factors of a product over a dimension."""
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    length = args[0].shape[dim] if isinstance(dim, int) else args[0].numel()
    new = bounded(args[0], float(length), 1.0)
    return func(new, *args[1:], **kwargs)


PRODUCTS: dict[str, Repair] = {
    **dict.fromkeys(("mul", "mul_", "multiply", "__rmul__", "square", "outer"), _operands(2, _one)),
    **dict.fromkeys(("add", "add_", "sub", "sub_", "__radd__", "__rsub__"), _operands(1, _one)),
    **dict.fromkeys(("matmul", "mm", "bmm", "__matmul__", "linear", "addmm"), _operands(2, _inner)),
    **dict.fromkeys(("baddbmm", "einsum", "bilinear"), _operands(2, _inner)),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _operands(2, _filter)),
    **dict.fromkeys(("sum", "cumsum", "logcumsumexp", "mean"), _operands(1, _all)),
    **dict.fromkeys(("var", "std", "norm", "linalg_vector_norm"), _operands(2, _all)),
    **dict.fromkeys(("cumprod", "prod"), _running_product),
    "mse_loss": _operands(2, _all),
}
POWERS: dict[str, Repair] = dict.fromkeys(("pow", "pow_", "float_power", "__pow__"), _power)
CONTAINS: dict[str, tuple[str, ...]] = {
    "linear": ("linear", "addmm", "mm", "matmul"),
    "matmul": ("matmul", "mm", "bmm", "mv", "dot"),
    "__matmul__": ("matmul", "mm", "bmm", "mv", "dot"),
    "einsum": ("einsum", "bmm", "mul", "sum"),
    "conv1d": ("conv1d", "convolution"),
    "conv2d": ("conv2d", "convolution"),
    "conv3d": ("conv3d", "convolution"),
    "square": ("square", "pow"),
    "var": ("var",),
    "std": ("std", "var"),
}
