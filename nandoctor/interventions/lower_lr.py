"""A hundredth of the learning rate in the update of this step."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.interventions.tensors import changed_groups
from nandoctor.target import Intervention, ReplayTarget


def _lower(group: Mapping[str, Any]) -> Mapping[str, Any]:
    lr = group.get("lr")
    return {"lr": lr / 100} if isinstance(lr, float) and math.isfinite(lr) else {}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase != "optimizer" or target.optimizer is None:
        return IRRELEVANT
    return "" if any(_lower(group) for group in target.optimizer.param_groups) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    assert target.optimizer is not None
    lr = target.optimizer.param_groups[0].get("lr")
    with changed_groups(target.optimizer, _lower):
        remark(f"lr {lr} -> {target.optimizer.param_groups[0].get('lr')}")
        yield target


INTERVENTION = Intervention("lower_lr", "a lower learning rate", _applies, _apply)
