"""The whole step in another floating-point type: model, batch, optimizer state, autocast and the
casts that the code itself makes; which type, and when, is each intervention's own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from nandoctor.batches import map_tensors, named_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.autocast import REGIONS, autocast_dtype
from nandoctor.interventions.casts import PRODUCTS, cast_repairs, promoted
from nandoctor.interventions.outcome import Inapplicable
from nandoctor.interventions.recompute import without_recompute
from nandoctor.interventions.site import CallMode
from nandoctor.interventions.tensors import converted_model, converted_optimizer
from nandoctor.target import Precision, ReplayTarget

LOW = (torch.float16, torch.bfloat16)


def low_dtypes(target: ReplayTarget, facts: ReplayFacts) -> set[torch.dtype]:
    """Return the 16-bit types that the failing step uses; none where precision is not at stake."""
    if facts.phase in ("batch", "parameters"):
        return set()
    tensors = [*target.model.parameters(), *target.model.buffers()]
    tensors += [tensor for _, tensor in named_tensors(target.batch)]
    found = {tensor.dtype for tensor in tensors}
    if target.precision.autocast_dtype:
        found.add(getattr(torch, target.precision.autocast_dtype))
    found |= REGIONS.regions_of(target)
    if facts.origin:
        for side in (facts.origin.inputs, facts.origin.outputs, facts.origin.forward_inputs):
            named = {t.stats.dtype.removeprefix("torch.") for t in side}
            found |= {dtype for dtype in LOW if str(dtype).removeprefix("torch.") in named}
    return found & set(LOW)


@contextlib.contextmanager
def in_dtypes(
    target: ReplayTarget, mapping: Mapping[torch.dtype, torch.dtype], autocast: torch.dtype | None
) -> Iterator[ReplayTarget]:
    """Yield the target with every tensor of the mapped types in the type they map to.

    Args:
        target: The failing step.
        mapping: Type to type.
        autocast: What autocast regions are to use; None = there is no autocast.

    Raises:
        Inapplicable: Nothing in the step has one of these types.
    """

    def convert(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(mapping.get(tensor.dtype, tensor.dtype))

    # A cast to 16 bits is part of the precision that is changed, one to float32 a safeguard.
    casts = {old: new for old, new in mapping.items() if old in LOW}
    has_tensors = any(t.dtype in mapping for t in _tensors(target))
    has_autocast = target.precision.autocast_dtype is not None
    name = str(autocast).removeprefix("torch.") if autocast and has_autocast else None
    default = torch.get_default_dtype()
    mode = CallMode({**dict.fromkeys(PRODUCTS, promoted), **cast_repairs(casts)}, None)
    device = next((t.device.type for t in target.model.parameters()), "cpu")
    with (
        converted_optimizer(target.optimizer, convert),
        converted_model(target.model, convert),
        autocast_dtype(device, autocast) as regions,
        without_recompute(),
        mode,
    ):
        torch.set_default_dtype(mapping.get(default, default))
        try:
            batch = map_tensors(target.batch, convert)
            yield replace(target, batch=batch, precision=Precision(name))
        finally:
            torch.set_default_dtype(default)
    if not (has_tensors or regions or has_autocast or mode.changed - set(PRODUCTS)):
        raise Inapplicable("nothing in the step runs in a type that this would change")


def _tensors(target: ReplayTarget) -> list[torch.Tensor]:
    batch = [tensor for _, tensor in named_tensors(target.batch)]
    return [*target.model.parameters(), *target.model.buffers(), *batch]
