"""The same step on another device: whether a kernel of this one is to blame."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import torch

from nandoctor.batches import map_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.interventions.tensors import converted_model, converted_optimizer
from nandoctor.step import device_of
from nandoctor.target import Intervention, ReplayTarget


def _other(target: ReplayTarget) -> str | None:
    if device_of(target.model).type != "cpu":
        return "cpu"
    return "cuda" if torch.cuda.is_available() else None


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return "" if _other(target) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    device = _other(target)
    assert device is not None
    remark(f"on {device}")

    def moved(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(device)

    with converted_optimizer(target.optimizer, moved), converted_model(target.model, moved):
        yield replace(target, batch=map_tensors(target.batch, moved))


INTERVENTION = Intervention("other_device", "another device", _applies, _apply, cost=4.0)
