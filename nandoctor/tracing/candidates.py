"""The ops of a run that made bad elements out of finite ones."""

from __future__ import annotations

from collections.abc import Iterable

from nandoctor.tracing.records import OpRecord
from nandoctor.tracing.runs import Run


def is_same_op(run: Run, record: OpRecord) -> bool:
    """Whether the op that was left is the one meant: repaired numbers may change control flow."""
    left = run.watch.ledger.records.get(record.index)
    return left is not None and left.name == record.name


def repaired(run: Run) -> list[OpRecord]:
    """Return the candidates of a run that were repaired."""
    plan = run.watch.plan
    records = run.watch.ledger.records.values()
    return [r for r in records if r.role == "candidate" and r.index not in (plan.leave or ())]


def ancestors(run: Run) -> Iterable[OpRecord]:
    """Return the candidates whose bad elements may have come to where the run failed.

    Where nothing tells how they came there (an exception, a sparse gradient), all of them.
    """
    records = run.watch.ledger.records
    if not run.ends:
        return [record for record in records.values() if record.role == "candidate"]
    queue, seen = list(run.ends), set(run.ends)
    found = []
    while queue:
        record = records.get(queue.pop())
        if record is None:
            continue
        if record.role == "candidate":
            found.append(record)
        queue += [source for source in record.sources if source not in seen]
        seen.update(record.sources)
    return found
