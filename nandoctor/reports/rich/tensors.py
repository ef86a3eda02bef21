"""The suspicious tensors, worst first."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.evidence import TensorStats
from nandoctor.findings import Report
from nandoctor.reports.phrases import bad_count
from nandoctor.reports.rich.style import aligned, room, section
from nandoctor.reports.text import number, shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

LIMIT = 20


def tensors(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the table of tensors that the report carries; inspect shows all of them."""
    if not report.tensors:
        return None
    is_all = report.command == "inspect"
    shown = report.tensors if is_all else report.tensors[: view.limit(LIMIT)]
    header = [say(name) for name in ("tensor", "role", "bad", "min", "max", "l2")]
    rows = [_row(stats, say) for stats in shown]
    width = room([header[1:], *([str(cell) for cell in row[1:]] for row in rows)], view.width)
    names = [[Text(shorten(str(row[0]), width)), *row[1:]] for row in rows]
    left = len(report.tensors) - len(shown)
    more = [Text(say("{n} more with --all", n=left), style="dim")] if left else []
    return section(say("Suspicious tensors"), Group(*aligned(header, names, right=2), *more))


def _row(stats: TensorStats, say: Words) -> list[Text]:
    """Return one row; there may be tens of thousands of them."""
    bad = Text(bad_count(stats), style="dim" if stats.is_finite else "red")
    numbers = (stats.min, stats.max, stats.l2)
    role = Text(say(stats.role), style="dim")
    return [Text(stats.name), role, bad, *(Text(number(value)) for value in numbers)]
