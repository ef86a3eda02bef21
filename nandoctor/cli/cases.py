"""Cases of the casebook as lines of text; nothing is searched here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nandoctor.reports.text import visible

if TYPE_CHECKING:
    from nandoctor.casebook import Case


def told(case: Case, likeness: float | None = None) -> str:
    """Return one case as a few lines: cause, place, what cured it, the user's note."""
    alike = "" if likeness is None else f"{likeness:.0%} alike"
    head = [case.cause or "undecided", case.grade, alike, case.run, case.added]
    place = f"{case.module or '(root)'}: {case.op}" if case.op else ""
    course = f"{case.pattern}, {case.outcome}" if case.pattern else ""
    facts = [place, course, case.precision, case.optimizer, case.architecture]
    lines = [_joined(head), f"  {_joined(facts)}"]
    lines += [f"  cured by {', '.join(case.fixed_by)}"] if case.fixed_by else []
    lines += [f"  note: {case.note}"] if case.note else []
    return "".join(f"{visible(line)}\n" for line in lines if line.strip()) + "\n"


def counted(by: str, rows: Sequence[tuple[str, str, int]]) -> str:
    """Return how often each cause occurs by a field, as a table."""
    table = [("number", "cause", by), *((str(n), cause, value) for value, cause, n in rows)]
    widths = [max(len(row[index]) for row in table) for index in range(2)]
    lines = (f"{n:>{widths[0]}}  {cause:<{widths[1]}}  {value}" for n, cause, value in table)
    return "".join(f"{visible(line)}\n" for line in lines)


def _joined(parts: Sequence[str]) -> str:
    return " · ".join(part for part in parts if part)
