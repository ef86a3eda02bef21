"""The practitioners' checklist of a run; the points stand in checklist/."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nandoctor.checklist import answer_checklist
from nandoctor.findings import Report
from nandoctor.pipeline.collect import collect_run
from nandoctor.pipeline.report import report_on
from nandoctor.pipeline.settings import Progress, Settings


def checklist(
    path: str | Path, settings: Settings | None = None, *, progress: Progress = None
) -> Report:
    """Answer the checklist from the files of a run; ``checklist`` of the report holds the points.

    Raises:
        UnreadableInputError: Nothing in it can be read.
    """
    evidence = replace(
        collect_run(Path(path), settings or Settings(), progress), command="checklist"
    )
    return replace(report_on(evidence), checklist=answer_checklist(evidence))
