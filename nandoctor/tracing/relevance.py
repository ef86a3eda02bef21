"""Which op is the origin: proved by leaving it alone while all others are repaired."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from nandoctor.snapshot import Snapshot
from nandoctor.target import ReplayTarget
from nandoctor.tracing.candidates import ancestors, is_same_op, repaired
from nandoctor.tracing.records import OpRecord, Part, Plan
from nandoctor.tracing.runs import Run, watched
from nandoctor.tracing.storages import Leaf

MAX_TRIES = 24
MAX_ORIGINS = 6


@dataclass(frozen=True)
class Proof:
    """An op that was left alone and spoiled the result.

    Args:
        run: The detailed run in which it was the only one left.
        is_proved: False where no op alone spoils the result and this one is only the first.
    """

    record: OpRecord
    run: Run
    is_proved: bool = True


class Search:
    """The counterfactual runs of one failing step.

    Args:
        part: The part whose outcome is judged.
        snapshot: Of the state that stands now.
        deadline: ``time.monotonic()`` after which no further run is started.
    """

    def __init__(
        self, target: ReplayTarget, part: Part, known: dict[str, Leaf], trace: Run,
        *, snapshot: Snapshot | None = None, suspects: frozenset[int] | None = None,
        deadline: float = float("inf"),
        progress: Callable[[float], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.target = target
        self.part: Part = part
        self.known = known
        self.trace = trace
        self.snapshot = snapshot
        self.suspects = suspects
        self.deadline = deadline
        self.progress = progress
        self.tried: dict[int, Run] = {}

    def proofs(self) -> list[Proof]:
        """Return the independent origins, the earliest first."""
        if self.trace.error is not None and self._raises_anyway():
            return []
        queue = sorted(ancestors(self.trace), key=lambda record: record.index)
        if not queue:
            queue = self._hidden()
        found = self._prove(queue)
        if not found:
            found = self._prove(self._hidden())
        if not found and queue:
            found = self._before(queue[0])
        if not found and queue:
            found = [Proof(queue[0], self.leave(queue[0]), is_proved=False)]
        return sorted(found, key=lambda proof: proof.record.index)

    def _prove(self, queue: list[OpRecord]) -> list[Proof]:
        found: list[Proof] = []
        queue = list(queue)
        while queue and len(self.tried) < MAX_TRIES and len(found) < MAX_ORIGINS:
            record = queue.pop(0)
            if record.index in self.tried:
                continue
            if self.tried and time.monotonic() > self.deadline:
                break
            run = self.leave(record)
            if not run.reached or not is_same_op(run, record):
                run.watch.details.clear()  # copies of tensors that nobody will ask for
            else:
                found.append(Proof(record, run))
                # What the origin's bad elements covered shows once they alone are left.
                queue += [r for r in repaired(run) if r.index not in self.tried and r not in queue]
                queue.sort(key=lambda item: item.index)
        return found

    def _before(self, last: OpRecord) -> list[Proof]:
        """Return an op whose infinity ends in a finite number that makes another op fail.

        ``rsqrt(inf)`` is 0, and what divides by it is infinite again; neither fails alone.
        """
        records = self.trace.watch.ledger.records.values()
        for record in [r for r in records if r.role == "candidate" and r.index < last.index]:
            if len(self.tried) >= MAX_TRIES or time.monotonic() > self.deadline:
                break
            run = self.leave(record, last)
            if run.reached and is_same_op(run, record):
                return [Proof(record, run)]
        return []

    def _raises_anyway(self) -> bool:
        """Whether the step raises what it raises even with finite numbers throughout."""
        return self._run(Plan(frozenset(), suspects=self.suspects)).error is not None

    def _run(self, plan: Plan) -> Run:
        return watched(self.target, self.part, plan, self.known, self.snapshot)

    def leave(self, record: OpRecord, *others: OpRecord) -> Run:
        """Run with every candidate but this one, and these others, repaired."""
        details = {record.index} | ({record.forward} if record.forward is not None else set())
        left = frozenset({record.index, *(other.index for other in others)})
        run = self._run(Plan(left, frozenset(details), is_detailed=True, suspects=self.suspects))
        self.tried[record.index] = run
        self.progress(len(self.tried) / MAX_TRIES)
        return run

    def _hidden(self) -> list[OpRecord]:
        """Return the candidates that show up once all known ones are repaired."""
        run = self._run(Plan(frozenset(), suspects=self.suspects))
        return [record for record in repaired(run) if record.index not in self.tried]
