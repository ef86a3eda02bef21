"""Which of a run's checkpoints shows the crash, and which is the last good one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from nandoctor.evidence import CheckpointFacts, Evidence, LogFacts


def onset_of(logs: Sequence[LogFacts]) -> int | None:
    """Return the step at which the loss left its band for good, None where it did not."""
    pattern = Evidence(command="diagnose", inputs=(), logs=tuple(logs)).pattern
    if pattern is None or pattern.outcome not in ("nan", "inf", "diverged"):
        return None
    return pattern.onset_step


def is_good(facts: CheckpointFacts, onset: int | None) -> bool:
    """Whether a checkpoint is whole, finite throughout and from before the onset, as far as known.

    Weights that are finite and thrown out already are nothing to resume from.
    """
    step = facts.training.step
    is_late = onset is not None and step is not None and step >= onset
    return bool(facts.tensors) and is_finite(facts) and not is_late


def is_finite(facts: CheckpointFacts) -> bool:
    """Whether every tensor of a checkpoint is finite and the file whole."""
    return not facts.damage and all(tensor.is_finite for tensor in facts.tensors)


def first_broken(
    newest: CheckpointFacts, others: Sequence[CheckpointFacts]
) -> tuple[CheckpointFacts, list[CheckpointFacts]]:
    """Return the oldest of the checkpoints that are broken without a gap, and all the others.

    NaNs spread to every tensor within a step or two; the first file shows where they began.
    """
    ordered = [newest, *others]
    broken = list(takewhile(lambda facts: facts.tensors and not is_finite(facts), ordered))
    crash = broken[-1] if broken and not broken[-1].damage else newest
    return crash, [facts for facts in ordered if facts is not crash]
