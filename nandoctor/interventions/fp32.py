"""The whole step in float32: parameters, batch and casts; no autocast, no loss scale."""

from __future__ import annotations

import contextlib

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.dtypes import LOW, in_dtypes, low_dtypes
from nandoctor.interventions.outcome import IRRELEVANT
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return "" if low_dtypes(target, facts) else IRRELEVANT


def _apply(
    target: ReplayTarget, facts: ReplayFacts
) -> contextlib.AbstractContextManager[ReplayTarget]:
    return in_dtypes(target, dict.fromkeys(LOW, torch.float32), None)


INTERVENTION = Intervention("fp32", "the whole step in float32", _applies, _apply, cost=1.5)
