"""Smallest sets of samples: without which the step is finite, or with which alone it fails."""

from __future__ import annotations

from nandoctor.tracing.sample_trials import SampleTrials

MAX_CHUNKS, FEW_CHUNKS = 16, 4
MAX_PEELED = 64


def smallest_cure(trials: SampleTrials, max_chunks: int) -> list[int]:
    """Return a set without which the step is finite and of which no part suffices for that.

    Args:
        max_chunks: Into how many parts the batch is cut before giving up.
    """
    rows, parts = list(range(trials.size)), 2
    useless: list[set[int]] = []

    def cures(part: list[int]) -> bool:
        """Run the step without a part, unless taking out more than it was no cure already."""
        if any(useless_part.issuperset(part) for useless_part in useless):
            return False
        fails = trials.fails(trials.without(part))
        if fails:
            useless.append(set(part))
        return fails is False

    while len(rows) > 1:
        size = max(1, -(-len(rows) // parts))
        chunks = [rows[i : i + size] for i in range(0, len(rows), size)]
        rests = [[row for row in rows if row not in chunk] for chunk in chunks]
        tried = [part for part in [*chunks, *rests] if 0 < len(part) < len(rows)]
        cure = next((part for part in tried if cures(part)), None)
        if cure is not None:
            rows, parts = cure, 2
        elif size == 1 or parts >= max_chunks:
            break
        else:
            parts *= 2
    return rows if len(rows) < trials.size else []


def peeled(trials: SampleTrials) -> list[int]:
    """Take smallest failing sets out until the rest is finite."""
    found: list[int] = []
    rest = list(range(trials.size))
    while rest and len(found) <= MAX_PEELED and trials.fails(rest):
        smallest = smallest_failing(trials, rest)
        if len(smallest) == len(rest):
            return []
        found += smallest
        rest = [row for row in rest if row not in smallest]
    return sorted(found)


def smallest_failing(trials: SampleTrials, rows: list[int]) -> list[int]:
    """Return a failing subset of which no part was seen to fail (delta debugging)."""
    parts = 2
    while len(rows) > 1:
        size = max(1, -(-len(rows) // parts))
        chunks = [rows[i : i + size] for i in range(0, len(rows), size)]
        rests = [[row for row in rows if row not in chunk] for chunk in chunks]
        tried = [part for part in [*chunks, *rests] if 0 < len(part) < len(rows)]
        smaller = next((part for part in tried if trials.fails(part)), None)
        if smaller is not None:
            rows, parts = smaller, 2
        elif size == 1 or parts >= MAX_CHUNKS:
            break
        else:
            parts *= 2
    return rows
