"""Whether a loss, gradients and other tensors are finite; one wait for the device each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from nandoctor.target import ReplayTarget, StepOutcome

_PLAIN = frozenset({torch.float32, torch.float64, torch.float16, torch.bfloat16})
Named = Sequence[tuple[str, torch.Tensor]]


def outcome_of(target: ReplayTarget, loss: torch.Tensor) -> StepOutcome:
    """Judge the loss and the gradients that stand in the model."""
    named = gradients_of(target)
    norms = _norms([stored_values(gradient) for _, gradient in named])
    bad = _nonfinite(named, norms)
    return StepOutcome(
        loss=float(loss.detach()),
        grad_norm=_total(norms) if named and not bad else None,
        num_gradients=len(named),
        bad_gradients=bad,
    )


def gradients_of(target: ReplayTarget) -> list[tuple[str, torch.Tensor]]:
    """Return the gradients that stand in the model, by the parameter's name."""
    return [(n, p.grad) for n, p in target.model.named_parameters() if p.grad is not None]


def nonfinite_names(named: Named) -> tuple[str, ...]:
    """Return the names of the tensors that hold a NaN or an Inf."""
    return _nonfinite(named, _norms([stored_values(tensor) for _, tensor in named]))


def grad_norm(gradients: Sequence[torch.Tensor]) -> float:
    """Return the global L2 norm, summed up in float64."""
    return _total(_norms([stored_values(gradient) for gradient in gradients]))


def _norms(values: list[torch.Tensor]) -> list[float]:
    """Return the L2 norm of each tensor."""
    if not values:
        return []
    kinds = {(v.dtype, v.device) for v in values}
    if len(kinds) == 1 and values[0].is_floating_point():
        dtype = torch.promote_types(values[0].dtype, torch.float32)
        norms = torch.stack(torch._foreach_norm(values, dtype=dtype))
    else:
        device = values[0].device
        norms = torch.stack([_norm(v).to(device) for v in values])
    return list(norms.tolist())


def _norm(values: torch.Tensor) -> torch.Tensor:
    wide = widest(values.device)
    values = values if values.is_floating_point() else values.to(wide)
    norm: torch.Tensor = torch.linalg.vector_norm(values, dtype=wide)
    return norm


def widest(device: torch.device) -> torch.dtype:
    """Return float64 where the device has it, else float32."""
    return torch.float32 if device.type == "mps" else torch.float64


def _nonfinite(named: Named, norms: list[float]) -> tuple[str, ...]:
    # A finite norm proves that every element is finite; the rest is looked at closely.
    suspects = [item for item, norm in zip(named, norms, strict=True) if norm - norm != 0]
    return tuple(n for n, t in suspects if not bool(torch.isfinite(stored_values(t)).all()))


def _total(norms: list[float]) -> float:
    return float(sum(norm * norm for norm in norms) ** 0.5)


def is_float_tensor(value: Any) -> bool:
    """Whether a value is a tensor that can hold a NaN."""
    return isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex())


def stored_values(tensor: torch.Tensor) -> torch.Tensor:
    """Return the stored real numbers: sparse by their values, complex as pairs, fp8 widened."""
    tensor = tensor.detach()
    if tensor.dtype in _PLAIN and tensor.layout is torch.strided and not tensor.is_nested:
        return tensor
    if tensor.is_nested:
        tensor = torch.cat([part.flatten() for part in tensor.unbind()])
    if tensor.layout is not torch.strided:
        tensor = tensor.coalesce().values() if tensor.is_sparse else tensor.values()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    is_fp8 = tensor.element_size() == 1 and tensor.is_floating_point()
    return tensor.float() if is_fp8 else tensor
