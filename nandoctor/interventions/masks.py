"""Finite numbers for infinite masks: as constants in calls, in attention, in stored tensors."""

from __future__ import annotations

import math
from typing import Any

import torch

from nandoctor.interventions.arguments import is_real

_MASK = {torch.float16: 1e4}
_DEFAULT_MASK = 1e9


def finite(value: Any, dtype: torch.dtype = torch.float32) -> Any:
    """Return a mask value for an infinity: finite, and still finite when two masks are added."""
    if isinstance(value, float) and math.isinf(value):
        return math.copysign(_MASK.get(dtype, _DEFAULT_MASK), value)
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        masked = torch.isinf(value)
        if bool(masked.any()):
            largest = torch.full_like(value, _MASK.get(value.dtype, _DEFAULT_MASK))
            return torch.where(masked, largest.copysign(value), value)
    return value


def constant(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Replace a -inf that is written as a number in the call."""
    dtype = next((a.dtype for a in args if is_real(a)), torch.float32)
    dtype = kwargs.get("dtype") or dtype
    # Of the tensors only constants (0-dim) count: a computed -inf is no mask.
    new = tuple(finite(a, dtype) if _is_constant(a) else a for a in args)
    keywords = {k: finite(v, dtype) if _is_constant(v) else v for k, v in kwargs.items()}
    same = all(a is b for a, b in zip(args, new, strict=True))
    if same and all(kwargs[key] is keywords[key] for key in kwargs):
        return NotImplemented
    return func(*new, **keywords)


def _is_constant(value: Any) -> bool:
    return isinstance(value, float) or (
        isinstance(value, torch.Tensor) and value.ndim == 0 and not value.requires_grad
    )


def is_mask(name: str, tensor: torch.Tensor) -> bool:
    """Whether a stored tensor masks by -inf; a stray -inf among measurements is bad data."""
    if not tensor.is_floating_point() or not bool((tensor == float("-inf")).any()):
        return False
    numbers = tensor[torch.isfinite(tensor)]
    num_masked = int((tensor == float("-inf")).sum())
    is_additive = numbers.numel() + num_masked == tensor.numel() and not bool(numbers.any())
    return is_additive or "mask" in name


def made(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Replace the infinities of a constant that is made from data."""
    made = func(*args, **kwargs)
    new = finite(made)
    return NotImplemented if new is made else new.requires_grad_(made.requires_grad)


def attention(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Give fused attention a finite additive mask instead of a boolean one or one with -inf."""
    mask = args[3] if len(args) > 3 else kwargs.get("attn_mask")
    if not isinstance(mask, torch.Tensor):
        return NotImplemented
    dtype = args[0].dtype if args else kwargs["query"].dtype
    value = -_MASK.get(dtype, _DEFAULT_MASK)
    if mask.dtype == torch.bool:
        new = torch.zeros_like(mask, dtype=dtype).masked_fill(~mask, value)
    else:
        new = finite(mask)
        if new is mask:
            return NotImplemented
    if len(args) > 3:
        return func(*args[:3], new, *args[4:], **kwargs)
    return func(*args, **{**kwargs, "attn_mask": new})


def multi_head(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Give nn.MultiheadAttention finite additive masks (True means masked there)."""
    new = dict(kwargs)
    for key in ("key_padding_mask", "attn_mask"):
        mask = kwargs.get(key)
        if isinstance(mask, torch.Tensor) and mask.dtype == torch.bool:
            zeros = torch.zeros_like(mask, dtype=args[0].dtype)
            new[key] = zeros.masked_fill(mask, -_MASK.get(args[0].dtype, _DEFAULT_MASK))
        elif isinstance(mask, torch.Tensor):
            new[key] = finite(mask)
    if all(new[key] is kwargs[key] for key in kwargs):
        return NotImplemented
    return func(*args, **new)


def log_of_mask(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make the logarithm of a 0/1 mask finite."""
    x = args[0] if args else kwargs.get("input")
    if not isinstance(x, torch.Tensor) or x.requires_grad:
        return NotImplemented
    if not bool(((x == 0) | (x == 1)).all()):
        return NotImplemented
    new = finite(func(*args, **kwargs))
    return new if bool((x == 0).any()) else NotImplemented
