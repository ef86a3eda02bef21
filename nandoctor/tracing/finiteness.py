"""Whether a tensor holds a NaN or an Inf, as cheaply as can be told; nothing is recorded."""

from __future__ import annotations

import math

import torch

from nandoctor.step import stored_values


def can_be_bad(value: object) -> bool:
    """Whether a value is a tensor whose elements can be NaN or Inf."""
    return (
        isinstance(value, torch.Tensor)
        and (value.is_floating_point() or value.is_complex())
        and not value.is_meta
        and not value._is_zerotensor()
    )


_FLOATS = frozenset({torch.float32, torch.float64, torch.float16, torch.bfloat16})


def is_clean_on_cpu(tensor: torch.Tensor) -> bool:
    """Whether a tensor is seen at once to be finite: the common case, at the least cost."""
    if tensor._is_zerotensor():  # of forward-mode differentiation: it has no memory to read
        return True
    if not tensor.is_cpu or tensor.layout is not torch.strided:
        return False
    if tensor.dtype in _FLOATS:
        return math.isfinite(tensor.sum().item())
    return not (tensor.is_floating_point() or tensor.is_complex())


def kept_copy(tensor: torch.Tensor) -> torch.Tensor:
    """Return a copy that stays as it is: plain numbers, no memory shared."""
    if tensor._is_zerotensor():
        return torch.zeros(tensor.shape, dtype=tensor.dtype, device=tensor.device)
    return tensor.detach().clone()


def has_bad(tensor: torch.Tensor) -> bool:
    """Whether any element is NaN or Inf; waits for the device."""
    values = stored_values(tensor)
    if values.numel() == 0 or math.isfinite(values.sum().item()):
        return False  # a finite sum proves that every term is finite
    low, high = torch.aminmax(values)
    return not (math.isfinite(low.item()) and math.isfinite(high.item()))


def running_sum(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return a 0-d tensor that is finite only if all elements are, without waiting for the device.

    None where there is no element. A sum of finite elements may overflow: a non-finite result is
    a suspicion, not a proof.
    """
    if tensor.is_sparse:  # neither coalesced nor cut up: both would wait
        values = tensor.detach()._values()
    elif tensor.is_nested and tensor.layout is torch.jagged:
        values = tensor.detach().values()
    else:
        values = stored_values(tensor)
    return values.sum(dtype=torch.float32) if values.numel() else None


def is_infinite_only(tensor: torch.Tensor) -> float | None:
    """Return the one infinity that the non-finite elements are, None where they are mixed."""
    values = stored_values(tensor)
    if values.numel() == 0 or torch.isnan(values).any().item():
        return None
    low, high = (bound.item() for bound in torch.aminmax(values))
    if math.isinf(low) and math.isinf(high) and low != high:
        return None
    return low if math.isinf(low) else high if math.isinf(high) else None
