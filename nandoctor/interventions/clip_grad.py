"""Gradients clipped to norm 1 before the update."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.target import Intervention, ReplayTarget

_NORM = 1.0


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase != "optimizer" or (facts.grad_norm or 0.0) <= _NORM:
        return IRRELEVANT
    return IRRELEVANT if (target.max_grad_norm or float("inf")) <= _NORM else ""


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    remark(f"max_grad_norm {target.max_grad_norm} -> {_NORM}")
    yield replace(target, max_grad_norm=_NORM)


INTERVENTION = Intervention("clip_grad", "gradients clipped to norm 1", _applies, _apply)
