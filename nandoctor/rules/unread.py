"""Bad state that the step, run on its own batch, does not read: a note that leads nowhere."""

from dataclasses import replace

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding


def is_step_sound(evidence: Evidence) -> bool:
    """Whether the step was run on its real batch and came out finite."""
    replay = evidence.replay
    return replay is not None and replay.phase is None and not replay.is_batch_synthetic


def as_note(finding: Finding, why: str) -> Finding:
    """Return a finding as a note; ``why`` goes on with its message."""
    message = f"{finding.message}{why}"
    return replace(finding, severity="note", message=message, is_cause=False, prescriptions=())
