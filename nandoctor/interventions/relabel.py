"""One label given to every sample whose labels are all ignored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import torch

from nandoctor.batches import map_named, named_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.target import Intervention, ReplayTarget


def ignore_index(facts: ReplayFacts) -> int:
    """Return the label that the loss ignores, -100 unless the origin tells."""
    arguments = facts.origin.arguments if facts.origin else {}
    given = arguments.get("ignore_index", -100)
    return given if isinstance(given, int) else -100


def ignored_labels(target: ReplayTarget, ignored: int) -> dict[str, torch.Tensor]:
    """Return, for each batch entry with an all-ignored sample, the mask of those samples."""
    found = {}
    for name, tensor in named_tensors(target.batch):
        if tensor.is_floating_point() or tensor.dtype == torch.bool or tensor.numel() == 0:
            continue
        empty = (tensor == ignored).reshape(tensor.shape[0] if tensor.ndim else 1, -1).all(1)
        if tensor.ndim == 1:
            empty = empty.all().expand(len(tensor))
        if bool(empty.any()):
            found[name] = empty
    return found


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase not in ("forward", "backward"):
        return IRRELEVANT
    return "" if ignored_labels(target, ignore_index(facts)) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    found = ignored_labels(target, ignore_index(facts))
    remark(", ".join(found))

    def labelled(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name not in found:
            return tensor
        rows = found[name].reshape(-1, *[1] * (tensor.ndim - 1))
        return torch.where(rows, torch.zeros_like(tensor), tensor)

    yield replace(target, batch=map_named(target.batch, labelled))


INTERVENTION = Intervention("relabel", "labels for the samples that have none", _applies, _apply)
