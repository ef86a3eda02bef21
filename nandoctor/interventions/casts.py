"""The casts that the code itself makes, and products whose operands no longer fit together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from nandoctor.interventions.site import Repair


def cast_repairs(mapping: Mapping[torch.dtype, torch.dtype]) -> dict[str, Repair]:
    """Return repairs that turn the code's own casts to some types into casts to others."""
    names = {torch.float16: "half", torch.bfloat16: "bfloat16"}

    def method(dtype: torch.dtype) -> Repair:
        return lambda func, args, kwargs: args[0].to(dtype)

    def any_dtype(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        new = tuple(mapping.get(a, a) if isinstance(a, torch.dtype) else a for a in args)
        keywords = dict(kwargs)
        if kwargs.get("dtype") in mapping:
            keywords["dtype"] = mapping[kwargs["dtype"]]
        if all(a is b for a, b in zip(args, new, strict=True)) and keywords == kwargs:
            return NotImplemented
        return func(*new, **keywords)

    repairs: dict[str, Repair] = {names[old]: method(new) for old, new in mapping.items()}
    return repairs | dict.fromkeys(_TAKES_DTYPE, any_dtype)


_TAKES_DTYPE = (
    "to", "type", "tensor", "zeros", "ones", "full", "empty", "rand", "randn", "arange",
    "zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like",
    "new_zeros", "new_ones", "new_full", "new_empty", "softmax", "log_softmax", "sum", "mean",
    "cumsum", "cumprod", "prod", "scalar_tensor", "as_tensor", "linspace",
)  # fmt: skip


def promoted(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a product of matrices; where only the types do not fit, in the widest of them.

    A module that casts to float32 inside would otherwise stop a float64 model.
    """
    try:
        return func(*args, **kwargs)
    except RuntimeError as error:
        floats = [a.dtype for a in args if isinstance(a, torch.Tensor) and a.is_floating_point()]
        if ("dtype" not in str(error) and "type" not in str(error)) or len(set(floats)) < 2:
            raise
        widest = max(floats, key=lambda dtype: dtype.itemsize)
        new = [
            a.to(widest) if isinstance(a, torch.Tensor) and a.is_floating_point() else a
            for a in args
        ]
        return func(*new, **kwargs)


PRODUCTS = (
    "linear", "matmul", "mm", "bmm", "addmm", "baddbmm", "__matmul__", "conv1d", "conv2d",
    "conv3d", "bilinear", "layer_norm", "batch_norm", "group_norm", "instance_norm", "rms_norm",
    "scaled_dot_product_attention", "mse_loss", "cross_entropy", "conv_transpose1d",
    "conv_transpose2d", "einsum", "prelu",
)  # fmt: skip
