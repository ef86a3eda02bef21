"""The large inputs of the batch divided by their root mean square, signs and zeros kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import torch

from nandoctor.batches import map_named, named_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.step import stored_values, widest
from nandoctor.target import Intervention, ReplayTarget

_NORMALISED = 10.0
"""What a normalised input stays below: ten standard deviations."""


_NO_INDEX = 1e6
"""Integers beyond this are time stamps or amounts rather than indices into a table."""


def _is_quantity(tensor: torch.Tensor) -> bool:
    """Whether a tensor holds measurements, as floats, 8-bit pixels or large integers."""
    if tensor.is_floating_point() or (tensor.dtype == torch.uint8 and tensor.ndim >= 3):
        return True
    is_integer = not tensor.is_complex() and tensor.dtype != torch.bool
    return is_integer and float(stored_values(tensor).abs().max()) > _NO_INDEX


def large_inputs(target: ReplayTarget) -> dict[str, float]:
    """Return the root mean square of the finite elements of each batch entry that is large."""
    found = {}
    for name, tensor in named_tensors(target.batch):
        if tensor.numel() == 0 or "mask" in name or not _is_quantity(tensor):
            continue
        values = stored_values(tensor).to(widest(tensor.device)).abs()
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

    def scaled(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name not in scale:
            return tensor
        dtype = tensor.dtype if tensor.is_floating_point() else torch.get_default_dtype()
        return (tensor.to(widest(tensor.device)) / scale[name]).to(dtype)

    yield replace(target, batch=map_named(target.batch, scaled))


INTERVENTION = Intervention("scale_input", "inputs normalised", _applies, _apply)
