"""The whole step in float64; a cast to float32 that the code itself makes stays."""

from __future__ import annotations

import contextlib

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.dtypes import LOW, in_dtypes
from nandoctor.interventions.outcome import IRRELEVANT
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase in ("batch", "parameters"):
        return IRRELEVANT
    if any(p.device.type == "mps" for p in target.model.parameters()):
        return "MPS has no float64"
    return ""


def _apply(
    target: ReplayTarget, facts: ReplayFacts
) -> contextlib.AbstractContextManager[ReplayTarget]:
    return in_dtypes(target, dict.fromkeys((*LOW, torch.float32), torch.float64), None)


INTERVENTION = Intervention("fp64", "the whole step in float64", _applies, _apply, cost=3.0)
