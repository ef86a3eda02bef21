"""The large inputs of the batch divided by their root mean square, signs and zeros kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import torch

from nandoctor.batches import map_named, named_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.target import Intervention, ReplayTarget

_NORMALISED = 10.0
"""What a normalised input stays below: ten standard deviations."""


def large_inputs(target: ReplayTarget) -> dict[str, float]:
    """Return the root mean square of the finite elements of each batch entry that is large."""
    found = {}
    for name, tensor in named_tensors(target.batch):
        if not tensor.is_floating_point() or tensor.numel() == 0 or "mask" in name:
            continue
        values = tensor.detach().double().abs()
        values = values[torch.isfinite(values)]
        if values.numel() and float(values.max()) > _NORMALISED:
            found[name] = float(values.square().mean().sqrt())
    return {name: rms for name, rms in found.items() if rms > 1}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase in ("parameters", "optimizer"):
        return IRRELEVANT
    return "" if large_inputs(target) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    scale = large_inputs(target)
    remark(", ".join(f"{name} / {rms:.3g}" for name, rms in scale.items()))
    batch = map_named(
        target.batch, lambda name, t: (t.double() / scale[name]).to(t.dtype) if name in scale else t
    )
    yield replace(target, batch=batch)


INTERVENTION = Intervention("scale_input", "inputs normalised", _applies, _apply)
