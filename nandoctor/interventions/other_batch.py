"""Another batch on the crash weights: whether it is the data at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if target.is_batch_synthetic:
        return IRRELEVANT
    return "" if target.other_batch else "the model file offers no make_batch(step)"


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    assert target.other_batch is not None
    yield replace(target, batch=target.other_batch())


INTERVENTION = Intervention("other_batch", "another batch, same weights", _applies, _apply)
