"""Which samples of the batch cause the failure: tried by taking them out and putting them back."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from nandoctor.batches import batch_size, select_rows
from nandoctor.errors import NandoctorError
from nandoctor.snapshot import preserved
from nandoctor.step import backward, forward, nonfinite_names, started
from nandoctor.target import ReplayTarget
from nandoctor.tracing.records import Part

MAX_SAMPLES = 512
MAX_PUT_BACK = 32


class SampleTrials:
    """Runs of the step on parts of its batch, each run once."""

    def __init__(self, target: ReplayTarget, part: Part, deadline: float) -> None:
        self.target = target
        self.part = part
        self.deadline = deadline
        self.size = batch_size(target.batch) or 0
        self._known: dict[tuple[int, ...], bool | None] = {}

    def fails(self, rows: Sequence[int]) -> bool | None:
        """Whether the step on these samples fails as the whole does; None = it cannot be run."""
        key = tuple(rows)
        if key not in self._known:
            self._known[key] = self._run(key) if time.monotonic() < self.deadline else None
        return self._known[key]

    def without(self, rows: Sequence[int]) -> list[int]:
        """Return the other samples."""
        dropped = set(rows)
        return [row for row in range(self.size) if row not in dropped]

    def _run(self, rows: tuple[int, ...]) -> bool | None:
        try:
            batch = select_rows(self.target.batch, rows)
            return is_bad(replace(self.target, batch=batch), self.part)
        except (NandoctorError, Exception):  # a batch that small, or cut so, may not run at all
            return None


def is_bad(target: ReplayTarget, part: Part) -> bool:
    """Run a step as far as needed and say whether that part comes out bad."""
    with preserved(target), quiet(), started(target) as batch:
        loss = forward(target, batch)
        if nonfinite_names([("loss", loss)]):
            return True
        if part == "forward":
            return False
        backward(target, loss)
        grads = [(n, p.grad) for n, p in target.model.named_parameters() if p.grad is not None]
        return bool(nonfinite_names(grads))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the user's warnings to the first, whole run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def guilty_samples(
    target: ReplayTarget, part: Part, hints: Sequence[Sequence[int]],
    *, deadline: float, progress: Callable[[float], None] = lambda _: None,
) -> tuple[int, ...] | None:  # fmt: skip
    """Return the samples without which the step is finite and each of which spoils it.

    Args:
        hints: Sets of rows to try first (the bad rows of the origin's result).

    Returns:
        None where the failure is not sample-specific, or no set could be proved.
    """
    trials = SampleTrials(target, part, deadline)
    if not 1 < trials.size <= MAX_SAMPLES:
        return None
    for hint in hints:
        if 0 < len(hint) < trials.size and is_proved(trials, hint):
            return tuple(sorted(hint))
    alone = [row for row in _counted(range(trials.size), progress) if trials.fails([row])]
    if 0 < len(alone) < trials.size and is_proved(trials, alone):
        return tuple(alone)
    if len(alone) == trials.size:
        return None
    found = peeled(trials)
    return tuple(found) if found and is_proved(trials, found) else None


def is_proved(trials: SampleTrials, rows: Sequence[int]) -> bool:
    """Whether taking the rows out cures the step and putting any one back spoils it again."""
    rest = trials.without(rows)
    if not rest or trials.fails(rest) is not False:
        return False
    tested = list(rows)[:MAX_PUT_BACK]
    return all(trials.fails(sorted([*rest, row])) is True for row in tested)


def peeled(trials: SampleTrials) -> list[int]:
    """Take minimal failing sets out until the rest is finite: for samples that act together."""
    found: list[int] = []
    rest = list(range(trials.size))
    while rest and trials.fails(rest):
        smallest = minimal(trials, rest)
        if len(smallest) == len(rest):
            return []
        found += smallest
        rest = [row for row in rest if row not in smallest]
    return sorted(found) if rest else []


def minimal(trials: SampleTrials, rows: list[int]) -> list[int]:
    """Return a failing subset of which no part was seen to fail (delta debugging)."""
    parts = 2
    while len(rows) > 1:
        size = max(1, len(rows) // parts)
        chunks = [rows[i : i + size] for i in range(0, len(rows), size)]
        rests = [[row for row in rows if row not in chunk] for chunk in chunks]
        smaller = next((c for c in [*chunks, *rests] if c and trials.fails(c)), None)
        if smaller is not None and len(smaller) < len(rows):
            rows, parts = smaller, 2
        elif size == 1:
            break
        else:
            parts = min(len(rows), parts * 2)
    return rows


def _counted(rows: range, progress: Callable[[float], None]) -> Iterator[int]:
    for row in rows:
        progress(row / len(rows))
        yield row


def row_hints(outputs: Sequence[Any], size: int) -> list[list[int]]:
    """Return sets of rows that a result's bad elements suggest, by the dimensions of batch size."""
    hints = []
    for tensor in outputs:
        bad = ~tensor.isfinite() if tensor.is_floating_point() else None
        if bad is None or not bool(bad.any()):
            continue
        for dim, length in enumerate(tensor.shape[:3]):
            if length == size or (dim == 0 and size and length % size == 0):
                rows = bad.movedim(dim, 0).reshape(length, -1).any(1).nonzero()[:, 0]
                hints.append(sorted({int(row) // (length // size) for row in rows.tolist()}))
    return hints
