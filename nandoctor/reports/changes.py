"""What changed between two checkpoints, as rows of text; styles nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from nandoctor.evidence import TensorChange, TensorStats
from nandoctor.findings import Report
from nandoctor.reports.phrases import bad_count
from nandoctor.reports.text import number
from nandoctor.reports.words import Words

KINDS = {
    "new_nonfinite": "turned non-finite", "missing": "missing in B", "added": "added in B",
    "shape": "other shape", "dtype": "other dtype", "reset": "reset to zero", "moved": "moved",
    "same": "the same",
}  # fmt: skip
HARMFUL = frozenset(KINDS) - {"moved", "same", "added"}


class ChangeRow(NamedTuple):
    """One tensor of two checkpoints."""

    name: str
    kind: str
    moved: str
    before: str
    after: str
    is_bad: bool


def change_rows(report: Report, say: Words) -> list[ChangeRow]:
    """Return the tensors that changed, worst first."""
    return [_row(change, say) for change in report.changes if change.kind != "same"]


def change_counts(report: Report, say: Words) -> str:
    """Return how many tensors changed in which way."""
    counted = Counter(change.kind for change in report.changes)
    return ", ".join(f"{counted[kind]:,} {say(KINDS[kind])}" for kind in KINDS if counted[kind])


def leading_change(changed: Sequence[TensorChange], say: Words) -> str:
    """Return the worst change in words, the parameters before the optimizer's state."""
    if not changed:
        return ""
    worst_kind = [change for change in changed if change.kind == changed[0].kind]
    first = next((c for c in worst_kind if c.role == "parameter"), worst_kind[0])
    if first.kind == "new_nonfinite" and first.after is not None:
        return f"{first.name}: {bad_count(first.after)}"
    if first.kind == "moved" and first.moved is not None:
        text = "{name} moved most: {n} times its norm"
        return say(text, name=first.name, n=number(first.moved))
    return f"{first.name}: {say(KINDS[first.kind])}"


def _row(change: TensorChange, say: Words) -> ChangeRow:
    before, after = _told(change, change.before), _told(change, change.after)
    moved = "" if change.moved is None else number(change.moved)
    kind, is_bad = say(KINDS[change.kind]), change.kind in HARMFUL
    return ChangeRow(change.name, kind, moved, before, after, is_bad)


def _told(change: TensorChange, stats: TensorStats | None) -> str:
    """Return the side of a change that its kind is about."""
    if stats is None:
        return ""
    if change.kind == "new_nonfinite":
        return bad_count(stats)
    if change.kind == "shape":
        return "x".join(map(str, stats.shape))
    return stats.dtype if change.kind == "dtype" else f"l2 {number(stats.l2)}"
