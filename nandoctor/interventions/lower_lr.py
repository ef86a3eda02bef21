"""A hundredth of the learning rate in the update of this step; an ordinary one for NaN or Inf."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.interventions.tensors import changed_groups
from nandoctor.target import Intervention, ReplayTarget

ORDINARY = 1e-3
"""The learning rate that torch's adaptive optimizers start with."""


def _lower(group: Mapping[str, Any]) -> Mapping[str, Any]:
    lr = group.get("lr")
    if not isinstance(lr, float):
        return {}
    return {"lr": lr / 100 if math.isfinite(lr) else ORDINARY}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase != "optimizer" or target.optimizer is None:
        return IRRELEVANT
    return "" if any(_lower(group) for group in target.optimizer.param_groups) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    assert target.optimizer is not None
    rates = [group.get("lr") for group in target.optimizer.param_groups]
    with changed_groups(target.optimizer, _lower):
        lowered = [group.get("lr") for group in target.optimizer.param_groups]
        changes = dict.fromkeys(f"{a} -> {b}" for a, b in zip(rates, lowered, strict=True))
        remark(f"lr {', '.join(changes)}")
        yield target


INTERVENTION = Intervention("lower_lr", "a lower learning rate", _applies, _apply)
