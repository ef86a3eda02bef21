"""The same statistics over a model in memory: parameters, buffers, gradients, optimizer state."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nandoctor.checkpoints.contents import ByteRange, TensorRef
from nandoctor.checkpoints.dtypes import element_type
from nandoctor.checkpoints.measuring import measure, tensor_stats
from nandoctor.checkpoints.model_names import strip_wrappers
from nandoctor.checkpoints.naming import SLOT_ROLES
from nandoctor.checkpoints.partial import Partial
from nandoctor.evidence import CheckpointFacts, Damage, Role, TensorStats, TrainingState

if TYPE_CHECKING:
    import torch


def scan_model(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer | None = None
) -> CheckpointFacts:
    """Measure the tensors of a live model and its optimizer; names as in a checkpoint of them."""
    stats: list[TensorStats] = []
    damage: list[Damage] = []
    for name, role, tensor in _tensors(model, optimizer):
        ref = _ref_of(tensor)
        (outcome,) = measure([ref])
        if isinstance(outcome, Partial):
            stats.append(tensor_stats(name, role, ref, outcome, ""))
        else:
            damage.append(Damage(name, outcome))
    return CheckpointFacts(
        path=type(model).__name__, format="model", tensors=tuple(stats),
        training=_training(optimizer), num_bytes=0, damage=tuple(damage),
    )  # fmt: skip


def _tensors(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer | None
) -> Iterator[tuple[str, Role, torch.Tensor]]:
    parameters = list(model.named_parameters())
    names = strip_wrappers([name for name, _ in parameters])
    owner: dict[torch.Tensor, str] = {}
    for name, (_, parameter) in zip(names, parameters, strict=True):
        owner[parameter] = name
        yield name, "parameter", parameter
    buffers = list(model.named_buffers())
    for name, (_, buffer) in zip(strip_wrappers([n for n, _ in buffers]), buffers, strict=True):
        yield name, "buffer", buffer
    for owned, name in owner.items():
        if owned.grad is not None:
            yield f"grad.{name}", "gradient", owned.grad
    for number, (owned, slots) in enumerate((optimizer.state if optimizer else {}).items()):
        for slot, value in slots.items() if isinstance(slots, dict) else ():
            if hasattr(value, "layout"):
                role = SLOT_ROLES.get(slot, "optimizer")
                yield f"{slot}.{owner.get(owned, number)}", role, value


def _ref_of(tensor: torch.Tensor) -> TensorRef:
    """Describe a tensor over its own memory; only what is elsewhere or strided is copied."""
    import torch

    plain: Any = tensor.detach()
    plain = getattr(plain, "to_local", lambda: plain)()
    dtype = str(plain.dtype).removeprefix("torch.")
    shape = tuple(plain.shape)
    kind = element_type(dtype)
    if plain.is_meta:
        return TensorRef(dtype, shape)
    if kind is None or (plain.layout != torch.strided and plain.is_quantized):
        return TensorRef(dtype, shape, broken=f"a tensor of dtype {dtype} is not read")
    if plain.layout != torch.strided:
        plain = plain.to_dense()
    if plain.is_quantized:
        plain = plain.dequantize()
        dtype = "float32"
    plain = plain.resolve_conj().resolve_neg().cpu().contiguous()
    raw = plain.reshape(-1).view(torch.uint8).numpy() if plain.numel() else b""
    return TensorRef(dtype, shape, data=ByteRange("", 0, len(raw), memory=memoryview(raw)))


def _training(optimizer: torch.optim.Optimizer | None) -> TrainingState:
    if optimizer is None:
        return TrainingState()
    groups = tuple(
        {k: v for k, v in group.items() if k not in ("params", "param_names")}
        for group in optimizer.param_groups
    )
    steps = [slots.get("step") for slots in optimizer.state.values() if isinstance(slots, dict)]
    known = [int(step) for step in steps if step is not None and math.isfinite(step)]
    return TrainingState(
        step=max(known, default=None),
        lr=float(groups[0]["lr"]) if groups and "lr" in groups[0] else None,
        optimizer=type(optimizer).__name__,
        param_groups=groups,
    )
