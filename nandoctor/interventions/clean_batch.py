"""Non-finite elements of the batch replaced by the mean of the finite ones of their entry."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import torch

from nandoctor.batches import map_named, named_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.step import is_float_tensor, nonfinite_names, widest
from nandoctor.target import Intervention, ReplayTarget


def bad_entries(target: ReplayTarget) -> tuple[str, ...]:
    """Return the names of the batch tensors that hold a NaN or an Inf."""
    return nonfinite_names([(n, t) for n, t in named_tensors(target.batch) if is_float_tensor(t)])


def cleaned(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor with its non-finite elements replaced; 0 where none is finite."""
    finite = torch.isfinite(tensor)
    good = tensor[finite]
    mean = good.to(widest(good.device)).mean() if good.numel() and not good.is_complex() else 0.0
    return torch.where(finite, tensor, torch.as_tensor(mean, device=tensor.device).to(tensor.dtype))


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return "" if bad_entries(target) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    bad = bad_entries(target)
    remark(", ".join(bad))
    batch = map_named(target.batch, lambda name, t: cleaned(t) if name in bad else t)
    yield replace(target, batch=batch)


INTERVENTION = Intervention("clean_batch", "non-finite inputs replaced", _applies, _apply)
