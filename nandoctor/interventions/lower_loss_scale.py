"""A loss scale of 1: whether the gradients overflow only because the loss was scaled up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return "" if target.precision.loss_scale > 1 else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    remark(f"{target.precision.loss_scale:g} -> 1")
    yield replace(target, precision=replace(target.precision, loss_scale=1.0))


INTERVENTION = Intervention("lower_loss_scale", "a loss scale of 1", _applies, _apply)
