"""``nandoctor schema``: the JSON schema of a report, for programs that read one."""

from __future__ import annotations

import json

from nandoctor.cli.terminal import say


def command() -> None:
    """Print the JSON schema of the reports."""
    from nandoctor.reports.schema import report_schema

    say(json.dumps(report_schema(), indent=2) + "\n")
