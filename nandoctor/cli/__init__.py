"""The command line: parse, call the pipeline, print, exit; the only room that does the last two."""

from __future__ import annotations

from typing import NamedTuple


class CommandEntry(NamedTuple):
    """A line of the overview; the module ``nandoctor.cli.<name>`` is imported when it is run."""

    name: str
    summary: str
    panel: str


_CRASH, _JOBS, _READ = "After a crash", "Running jobs and CI", "Look it up"

COMMANDS: tuple[CommandEntry, ...] = (
    CommandEntry("diagnose", "Name the cause of a crashed run and say what to do.", _CRASH),
    CommandEntry("inspect", "Scan checkpoints for NaN, Inf and corrupt state.", _CRASH),
    CommandEntry("classify", "Say how a loss curve exploded, and since when.", _CRASH),
    CommandEntry("replay", "Run the failing step again and find the origin.", _CRASH),
    CommandEntry("compare", "Show what changed from one checkpoint to another.", _CRASH),
    CommandEntry("checklist", "Answer the practitioners' checklist from a run's files.", _CRASH),
    CommandEntry("triage", "Name the failure in raw job logs, for CI.", _JOBS),
    CommandEntry("watch", "Follow the log of a running job and warn before it crashes.", _JOBS),
    CommandEntry("explain", "Show the page of a rule code or cause.", _READ),
    CommandEntry("casebook", "Keep past crashes and find the ones like this.", _READ),
    CommandEntry("schema", "Print the JSON schema of the reports.", _READ),
)
