"""Which samples of the batch cause the failure: proved by taking them out and putting them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from nandoctor.tracing.sample_search import FEW_CHUNKS, MAX_CHUNKS, peeled, smallest_cure
from nandoctor.tracing.sample_trials import SampleTrials

MAX_PUT_BACK = 32
MAX_ALONE = 64
"""Largest batch of which every sample is run by itself."""

MAX_PROBES = 16
"""Of a larger one so many are: where all of them fail, the failure is not that of some samples."""

MAX_PAIRS = 4
MAX_CONTROLS = 4


def guilty_samples(
    trials: SampleTrials, hints: Sequence[Sequence[int]],
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[int, ...] | None:  # fmt: skip
    """Return the samples without which the step is finite and each of which spoils it.

    Samples that fail only together are a smallest set of them.

    Args:
        hints: Sets of rows to try first (the bad rows of the origin's result).

    Returns:
        None where the failure is not sample-specific, or no set could be proved.
    """
    for candidates in _guesses(trials, hints, progress):
        guess = candidates()
        if 0 < len(guess) < trials.size and is_proved(trials, guess):
            return tuple(sorted(guess)) if is_no_chance(trials, guess) else None
    return None


def _guesses(
    trials: SampleTrials, hints: Sequence[Sequence[int]], progress: Callable[[float], None]
) -> Iterator[Callable[[], list[int]]]:
    """Yield ways to guess, the cheap ones first; each is tried only if those before it failed."""
    for hint in hints:
        yield lambda hint=hint: list(hint)  # type: ignore[misc]
    is_large = trials.size > MAX_ALONE
    if not is_large:
        yield lambda: failing_alone(trials, progress)
        if trials.draws_numbers:  # a set found by search would be one that drew well
            return
    if all(trials.fails([row]) for row in spread(trials.size, MAX_PROBES if is_large else None)):
        # Either nobody's fault or, for another reason, a batch of one fails as well.
        if all(len(hint) < trials.size for hint in hints) and not all_pairs_fail(trials):
            if not is_large:
                yield lambda: each_curing(trials)
            yield lambda: smallest_cure(trials, FEW_CHUNKS)
        return
    yield lambda: peeled(trials)
    if not is_large:
        yield lambda: smallest_cure(trials, MAX_CHUNKS)


def each_curing(trials: SampleTrials) -> list[int]:
    """Return the samples of which each one's absence cures: they fail together only."""
    rows = range(trials.size)
    return [row for row in rows if trials.fails(trials.without([row])) is False]


def spread(size: int, count: int | None) -> range:
    """Return so many rows, evenly spread over a batch; None = all."""
    return range(0, size, max(1, size // count) if count else 1)


def all_pairs_fail(trials: SampleTrials) -> bool:
    """Whether pairs without a row in common all fail, so that the samples make no difference."""
    half = trials.size // 2
    return all(trials.fails([row, half + row]) for row in spread(half, MAX_PAIRS))


def is_proved(trials: SampleTrials, rows: Sequence[int]) -> bool:
    """Whether taking the rows out cures the step and putting them back spoils it again.

    Each one alone; or, where samples act together, all of them and none fewer.
    """
    rest = trials.without(rows)
    if trials.fails(rest) is not False:
        return False
    tested = list(rows)[:MAX_PUT_BACK]
    back = [trials.fails(sorted([*rest, row])) for row in tested]
    if all(back):
        return True
    if any(back) or len(rows) < 2:
        return False
    parts = [[row for row in rows if row != left] for left in tested]
    return not any(trials.fails(sorted([*rest, *part])) for part in parts)


def is_no_chance(trials: SampleTrials, rows: Sequence[int]) -> bool:
    """Whether the failure stays with the samples: taking an innocent one out does not cure.

    Matters where the step draws random numbers: any smaller batch draws others.
    """
    if not trials.draws_numbers:
        return True
    innocent = trials.without(rows)[:MAX_CONTROLS]
    return len(innocent) < 2 or all(trials.fails(trials.without([row])) for row in innocent)


def failing_alone(trials: SampleTrials, progress: Callable[[float], None]) -> list[int]:
    """Return the samples that fail by themselves, or beside one that does not."""
    alone = {}
    for row in range(trials.size):
        progress(row / trials.size)
        alone[row] = trials.fails([row])
    good = next((row for row, failed in alone.items() if failed is False), None)
    for row, failed in alone.items():
        if failed is None and good is not None:  # a batch of one does not run
            alone[row] = trials.fails(sorted([row, good]))
    return [row for row, failed in alone.items() if failed]
