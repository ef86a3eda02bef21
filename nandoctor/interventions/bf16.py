"""bfloat16 wherever the step uses float16, without a loss scale."""

from __future__ import annotations

import contextlib

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.dtypes import in_dtypes, low_dtypes
from nandoctor.interventions.outcome import IRRELEVANT
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return "" if torch.float16 in low_dtypes(target, facts) else IRRELEVANT


def _apply(
    target: ReplayTarget, facts: ReplayFacts
) -> contextlib.AbstractContextManager[ReplayTarget]:
    return in_dtypes(target, {torch.float16: torch.bfloat16}, torch.bfloat16)


INTERVENTION = Intervention("bf16", "bfloat16 instead of float16", _applies, _apply, cost=1.4)
