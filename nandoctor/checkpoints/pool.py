"""Runs the tasks of a scan on a few threads, in file order, and joins what they measured."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from nandoctor.checkpoints.partial import Partial
from nandoctor.checkpoints.scanning import Worker
from nandoctor.checkpoints.tasks import Task

_MAX_THREADS = 6
"""Enough for the memory's speed; each has some 15 MB of scratch memory in an exact scan."""
_BUNDLE_BYTES = 1 << 25
_BUNDLE_TASKS = 256
_INLINE_BYTES = 1 << 22
Outcome = tuple[int, "Partial | str"]


def run_tasks(tasks: Sequence[Task], advance: Callable[[int], None]) -> dict[int, Partial | str]:
    """Measure every task; return per owner the joined statistics, or why they are not to be had.

    Args:
        advance: Called with the number of bytes that were done, from any thread.
    """
    workers = [Worker()]
    try:
        if sum(map(num_bytes, tasks)) <= _INLINE_BYTES:
            return _join(_run_bundle(workers[0], list(tasks), advance))
        from concurrent.futures import ThreadPoolExecutor  # slow to import: it brings logging

        local = threading.local()

        def run(bundle: list[Task]) -> list[Outcome]:
            if not hasattr(local, "worker"):
                local.worker = Worker()
                workers.append(local.worker)
            return list(_run_bundle(local.worker, bundle, advance))

        with ThreadPoolExecutor(_num_threads()) as pool:
            bundles = pool.map(run, _bundles(tasks))
            return _join(outcome for bundle in bundles for outcome in bundle)
    finally:
        for worker in workers:
            worker.close()


def _num_threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return min(_MAX_THREADS, len(os.sched_getaffinity(0)))
    return min(_MAX_THREADS, os.cpu_count() or 1)


def num_bytes(task: Task) -> int:
    """Return the bytes that a task covers."""
    return (task.last - task.first) * task.kind.size


def _bundles(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Yield small tasks together: a thread's turn should take milliseconds."""
    bundle: list[Task] = []
    size = 0
    for task in tasks:
        if bundle and (size + num_bytes(task) > _BUNDLE_BYTES or len(bundle) >= _BUNDLE_TASKS):
            yield bundle
            bundle, size = [], 0
        bundle.append(task)
        size += num_bytes(task)
    if bundle:
        yield bundle


def _run_bundle(
    worker: Worker, bundle: list[Task], advance: Callable[[int], None]
) -> Iterator[Outcome]:
    for task in bundle:
        try:
            yield task.owner, worker.run(task)
        except (ValueError, OSError) as error:
            yield task.owner, f"{error}"
        advance(num_bytes(task))


def _join(outcomes: Iterable[Outcome]) -> dict[int, Partial | str]:
    joined: dict[int, Partial | str] = {}
    for owner, outcome in outcomes:
        known = joined.get(owner)
        if isinstance(known, Partial) and isinstance(outcome, Partial):
            known.add(outcome)
        elif not isinstance(known, str):
            joined[owner] = outcome
    return joined
