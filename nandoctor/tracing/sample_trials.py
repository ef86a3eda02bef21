"""Running the step on some of its samples only."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from nandoctor.batches import batch_size, cuts
from nandoctor.snapshot import Snapshot, preserved, random_fingerprint
from nandoctor.step import backward, forward, gradients_of, nonfinite_names, started
from nandoctor.target import ReplayTarget
from nandoctor.tracing.records import Part


class SampleTrials:
    """Runs of the step on parts of its batch, each part run once.

    Args:
        part: The part of the step that comes out bad.
        raised: The exception that the whole step raises, if it does.
        deadline: ``time.monotonic()`` after which nothing more is run.
        snapshot: Of the state that stands now.
    """

    def __init__(
        self, target: ReplayTarget, part: Part, raised: Exception | None, deadline: float,
        snapshot: Snapshot | None = None,
    ) -> None:  # fmt: skip
        self.target = target
        self.part = part
        self.deadline = deadline
        self._snapshot = snapshot or Snapshot(target)
        size = batch_size(target.batch) or 0
        self.size = size if size > 1 else 0
        self._raised = type(raised) if raised is not None else None
        self.draws_numbers = False
        # The whole batch is what failed in the first place.
        self._known: dict[tuple[int, ...], bool | None] = {tuple(range(size)): True}

    def fails(self, rows: Sequence[int]) -> bool | None:
        """Whether the step on these samples fails as the whole does; None = it cannot be run."""
        key = tuple(rows)
        if key not in self._known:
            can_run = bool(key) and time.monotonic() < self.deadline
            self._known[key] = self._run(key) if can_run else None
        return self._known[key]

    def without(self, rows: Sequence[int]) -> list[int]:
        """Return the other samples."""
        dropped = set(rows)
        return [row for row in range(self.size) if row not in dropped]

    def _run(self, rows: tuple[int, ...]) -> bool | None:
        for batch in self._cut(rows):
            try:
                bad, drew = tried(replace(self.target, batch=batch), self.part, self._snapshot)
            except Exception as error:  # a batch that small, or cut so, may not run at all
                if self._raised is not None and isinstance(error, self._raised):
                    return True
                continue
            self.draws_numbers = self.draws_numbers or drew
            return bad
        return None

    def _cut(self, rows: tuple[int, ...]) -> list[Any]:
        try:
            return cuts(self.target.batch, rows)
        except Exception:  # rows of nothing that can be cut
            return []


def tried(target: ReplayTarget, part: Part, snapshot: Snapshot) -> tuple[bool, bool]:
    """Run a step as far as needed; say whether that part comes out bad and numbers were drawn."""
    with preserved(target, snapshot), quiet(), started(target) as batch:
        before = random_fingerprint(target.model)
        loss = forward(target, batch)
        drew = before != random_fingerprint(target.model)
        if nonfinite_names([("loss", loss)]):
            return True, drew
        if part == "forward":
            return False, drew
        backward(target, loss)
        return bool(nonfinite_names(gradients_of(target))), drew


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the user's warnings to the first, whole run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
