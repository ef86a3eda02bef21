"""The batch without the samples that carry the origin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from nandoctor.batches import batch_size, cuts
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, remark
from nandoctor.step import run_step
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
    ways = [replace(target, batch=batch) for batch in cuts(target.batch, kept)]
    yield next((way for way in ways[:-1] if _runs(way)), ways[-1])


def _runs(target: ReplayTarget) -> bool:
    try:
        return run_step(target).error is None
    except Exception:  # cut in the wrong place: shapes that do not fit
        return False


INTERVENTION = Intervention(
    "drop_samples", "the batch without these samples", _applies, _apply, cost=0.9
)
