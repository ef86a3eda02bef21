"""The model in eval mode: no dropout, running statistics instead of the batch's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase in ("batch", "optimizer"):
        return IRRELEVANT
    different = ("Dropout", "BatchNorm", "InstanceNorm")
    training = [type(m).__name__ for m in target.model.modules() if m.training]
    return "" if any(word in name for name in training for word in different) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    modes = [(module, module.training) for module in target.model.modules()]
    try:
        target.model.eval()
        yield target
    finally:
        for module, training in modes:
            module.training = training


INTERVENTION = Intervention("eval_mode", "eval mode", _applies, _apply, cost=1.1)
