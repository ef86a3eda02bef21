"""The failing step, run again and observed: from a target to ReplayFacts."""

from __future__ import annotations

import time
from dataclasses import replace

from nandoctor.evidence import Origin, ReplayFacts
from nandoctor.snapshot import Snapshot
from nandoctor.step import device_of, with_fixed_rng
from nandoctor.target import ReplayTarget
from nandoctor.tracing.clock import Clock, Progress
from nandoctor.tracing.gate import Gate, plain_run
from nandoctor.tracing.harmless import dead_ends, felt_not
from nandoctor.tracing.hints import row_hints
from nandoctor.tracing.leaf_table import bad_leaves
from nandoctor.tracing.origins import distinct, origin_of, with_owner
from nandoctor.tracing.plain_facts import plain_facts, step_raised
from nandoctor.tracing.positions import positions_of
from nandoctor.tracing.records import Part, Plan
from nandoctor.tracing.relevance import Proof, Search
from nandoctor.tracing.runs import Run, watched
from nandoctor.tracing.sample_trials import SampleTrials, quiet
from nandoctor.tracing.samples import guilty_samples
from nandoctor.tracing.storages import Leaf
from nandoctor.tracing.variations import (
    has_recorded_failure,
    logged_loss_again,
    reproduced_otherwise,
)

NOTHING = "no op of the step could be named as the origin"
TOGETHER = "no op alone spoils the result: the origin is the first of several that do together"


def observe(
    target: ReplayTarget, *, progress: Progress = None, timeout: float | None = None
) -> ReplayFacts:
    """Run the step again and name the origin of what is non-finite.

    Args:
        timeout: Seconds after which no further run is started; what is known then is returned.

    Raises:
        ReplayError: The step cannot be run.
    """
    clock = Clock(progress, time.monotonic() + timeout if timeout is not None else float("inf"))
    target = with_fixed_rng(target)
    clock.say("replaying the step")
    snapshot = Snapshot(target)
    gate = plain_run(target, snapshot)
    known = bad_leaves(target)
    facts = plain_facts(target, gate, known)
    if gate.part is None and has_recorded_failure(target):
        clock.say("trying to reproduce")
        other, other_gate, notes = reproduced_otherwise(target, snapshot)
        if other is not None and other_gate is not None:
            target, gate = other, other_gate
            facts = plain_facts(target, gate, known)
        facts = replace(facts, notes=tuple(notes))
    if gate.part is None:
        again = logged_loss_again(target, gate.outcome.loss)
        return replace(facts, notes=(*again, *facts.notes))
    with quiet():
        return located(target, gate, gate.part, facts, known, snapshot, clock)


def located(
    target: ReplayTarget, gate: Gate, part: Part, facts: ReplayFacts, known: dict[str, Leaf],
    snapshot: Snapshot, clock: Clock,
) -> ReplayFacts:  # fmt: skip
    """Add the origins to the facts of a step that fails.

    Raises:
        ReplayError: The step raises, and nothing non-finite went before.
    """
    clock.say("tracing the step")
    trace, suspects = traced(target, part, known, snapshot)
    search = Search(
        target, part, known, trace, snapshot=snapshot, suspects=suspects, deadline=clock.deadline,
        progress=clock.say("proving the origin"),
    )  # fmt: skip
    proofs = search.proofs()
    if not proofs:
        if gate.raised is not None:
            raise step_raised(gate) from gate.raised
        return replace(facts, notes=(*facts.notes, NOTHING))
    origins = described(target, part, facts, trace, proofs)
    samples = samples_of(target, gate, proofs[0], snapshot, clock)
    first = replace(origins[0], samples=samples)
    first = replace(first, positions=positions_of(target, first))
    numerics = proofs[0].run.watch.numerics
    return replace(
        facts,
        phase=first.phase,
        origin=first,
        others=tuple(origins[1:]),
        harmless=(*felt_not(facts, origins), *dead_ends(trace, proofs)),
        numerics=(*facts.numerics, *numerics.layers()),
        notes=facts.notes if proofs[0].is_proved else (*facts.notes, TOGETHER),
    )


def traced(
    target: ReplayTarget, part: Part, known: dict[str, Leaf], snapshot: Snapshot
) -> tuple[Run, frozenset[int] | None]:
    """Follow bad elements through the step.

    Where waiting for the device is dear, a first run only adds results up, and a second one looks
    at those ops whose sums were not finite.
    """
    if device_of(target.model).type == "cpu":
        return watched(target, part, Plan(), known, snapshot), None
    first = watched(target, part, Plan(is_deferred=True), known, snapshot)
    suspects = first.watch.suspicions()
    return watched(target, part, Plan(suspects=suspects), known, snapshot), suspects


def described(
    target: ReplayTarget, part: Part, facts: ReplayFacts, trace: Run, proofs: list[Proof]
) -> list[Origin]:
    """Return the proved ops as origins, the leading one first."""
    bad = tuple(item.name for item in facts.gradients if not item.is_finite)
    everything = tuple(dict.fromkeys((*trace.reached, *bad)))
    alone = len(proofs) == 1
    origins = [origin_of(p, part, everything if alone else p.run.reached) for p in proofs]
    origins[0] = with_owner(target, origins[0], trace.reached)
    return distinct(origins)


def samples_of(
    target: ReplayTarget, gate: Gate, proof: Proof, snapshot: Snapshot, clock: Clock
) -> tuple[int, ...] | None:
    """Return the samples that cause the failure."""
    if gate.part is None or gate.part == "optimizer":
        return None
    trials = SampleTrials(target, gate.part, gate.raised, clock.deadline, snapshot)
    detail = proof.run.watch.details.get(proof.record.index)
    if not trials.size or detail is None:
        return None
    hints = row_hints(detail.outputs, trials.size)
    return guilty_samples(trials, hints, clock.say("finding the samples"))
