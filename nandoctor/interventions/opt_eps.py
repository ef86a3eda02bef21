"""A larger eps in the optimizer: one that the parameters' dtype can hold."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.arguments import eps_of
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.interventions.tensors import changed_groups
from nandoctor.target import Intervention, ReplayTarget


def _larger(group: Mapping[str, Any]) -> Mapping[str, Any]:
    eps = max(eps_of(parameter.dtype) for parameter in group["params"])
    if "eps" not in group or not isinstance(group["eps"], float) or group["eps"] >= eps:
        return {}
    return {"eps": eps}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase != "optimizer" or target.optimizer is None:
        return IRRELEVANT
    changed = any(_larger(group) for group in target.optimizer.param_groups if group["params"])
    return "" if changed else "the optimizer has no eps, or a large one"


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    assert target.optimizer is not None
    group = target.optimizer.param_groups[0]
    remark(f"eps {group.get('eps')} -> {_larger(group).get('eps', group.get('eps'))}")
    with changed_groups(target.optimizer, _larger):
        yield target


INTERVENTION = Intervention("opt_eps", "a larger optimizer eps", _applies, _apply)
