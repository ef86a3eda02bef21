"""The interventions that were tried and what each of them gave."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.phrases import trial_detail
from nandoctor.reports.rich.style import MARK, OUTCOME, section, table
from nandoctor.reports.text import number
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

_ORDER = ("fixed", "not_fixed", "failed")


def trials(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return a table of the trials that ran; what did not apply is counted only."""
    if not report.trials:
        return None
    rows = table(say("changed"), say("outcome"), say("loss"), say("detail"))
    rows.columns[0].no_wrap = rows.columns[1].no_wrap = True
    ran = sorted((t for t in report.trials if t.outcome in _ORDER),
                 key=lambda trial: _ORDER.index(trial.outcome))  # fmt: skip
    for trial in ran:
        outcome = say(trial.outcome.replace("_", " "))
        rows.add_row(
            Text(trial.intervention),
            Text(f"{MARK[trial.outcome]} {outcome}", style=OUTCOME[trial.outcome]),
            Text(number(trial.loss)),
            Text(trial_detail(trial, say), style="dim"),
        )
    left = len(report.trials) - len(ran)
    if left:
        note = say("{n} more do not apply here", n=left)
        rows.add_row(Text(note, style="dim"), "", "", "")
    return section(say("Interventions tried"), rows)
