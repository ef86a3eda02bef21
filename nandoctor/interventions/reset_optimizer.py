"""The optimizer with an empty state, as on the first step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.phase != "optimizer" or target.optimizer is None:
        return IRRELEVANT
    return "" if target.optimizer.state else "the optimizer has no state yet"


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    assert target.optimizer is not None
    states = dict(target.optimizer.state)
    try:
        target.optimizer.state.clear()
        yield target
    finally:
        target.optimizer.state.clear()
        target.optimizer.state.update(states)


INTERVENTION = Intervention("reset_optimizer", "an empty optimizer state", _applies, _apply)
