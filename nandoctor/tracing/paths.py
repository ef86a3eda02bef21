"""How bad elements get from the origin to the result, and who reads its result."""

from __future__ import annotations

from nandoctor.tracing.records import OpRecord
from nandoctor.tracing.relevance import Proof

LONGEST = 40


def path_of(proof: Proof) -> tuple[str, ...]:
    """Return the shortest way from the origin to the loss or a gradient, as ``module: op``."""
    records = proof.run.watch.ledger.records
    start = proof.record.index
    came_from: dict[int, int] = {}
    queue = list(proof.run.ends)
    seen = set(queue)
    while queue:
        index = queue.pop(0)
        if index == start:
            return _named(proof, _unwound(came_from, start))
        record = records.get(index)
        for source in record.sources if record is not None else ():
            if source not in seen:
                seen.add(source)
                came_from[source] = index
                queue.append(source)
    return _named(proof, [start])


def repeats_of(proof: Proof) -> int:
    """Return how many ancestors of the (forward) op are the same op in the same module."""
    index = proof.record.forward if proof.record.forward is not None else proof.record.index
    lineage = proof.run.watch.lineage
    if lineage is None:
        return 0
    queue, seen = [index], {index}
    while queue:
        new = [op for op in lineage.parents.get(queue.pop(), ()) if op not in seen]
        seen.update(new)
        queue += new
    own = lineage.names.get(index), lineage.modules.get(index)
    return sum((lineage.names.get(op), lineage.modules.get(op)) == own for op in seen - {index})


def consumers_of(proof: Proof) -> tuple[str, ...]:
    """Return the forward ops that the (forward) op's result flows into, in order."""
    watch = proof.run.watch
    index = proof.record.forward if proof.record.forward is not None else proof.record.index
    if watch.lineage is None or index is None:
        return ()
    return tuple(
        f"{watch.lineage.modules.get(op, '')}: {watch.lineage.names[op]}"
        for op in watch.lineage.consumers(index)
        if op < watch.first_backward
    )


def _unwound(came_from: dict[int, int], start: int) -> list[int]:
    path = [start]
    while path[-1] in came_from:
        path.append(came_from[path[-1]])
    return path


def _named(proof: Proof, path: list[int]) -> tuple[str, ...]:
    watch = proof.run.watch
    named = []
    for index in path[:LONGEST]:
        record = watch.ledger.records.get(index)
        name = watch.lineage.names.get(index, "") if watch.lineage else ""
        named.append(f"{_module(proof, record, index)}: {name}")
    return tuple(named)


def _module(proof: Proof, record: OpRecord | None, index: int) -> str:
    modules = proof.run.watch.lineage.modules if proof.run.watch.lineage else {}
    if record is not None and record.forward is not None:
        return modules.get(record.forward, "")
    return modules.get(index, "")
