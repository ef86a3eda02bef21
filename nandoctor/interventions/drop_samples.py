"""The batch without the samples that carry the origin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from nandoctor.batches import batch_size, select_rows
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    if facts.origin is None or facts.phase == "optimizer":
        return IRRELEVANT
    if facts.origin.samples is None:
        return IRRELEVANT
    size = batch_size(target.batch)
    if size is None:
        return "the batch does not tell its number of samples"
    if len(facts.origin.samples) >= size:
        return "every sample of the batch carries the origin"
    return ""


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    assert facts.origin is not None and facts.origin.samples is not None
    bad = set(facts.origin.samples)
    kept = [index for index in range(batch_size(target.batch) or 0) if index not in bad]
    remark(f"without sample {', '.join(str(index) for index in sorted(bad))}")
    yield replace(target, batch=select_rows(target.batch, kept))


INTERVENTION = Intervention(
    "drop_samples", "the batch without these samples", _applies, _apply, cost=0.9
)
