"""Which tensors of a checkpoint a report shows, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from nandoctor.errors import NandoctorError
from nandoctor.evidence import Evidence, Histogram, TensorStats
from nandoctor.findings import Finding

Key = Callable[[TensorStats], tuple[float, float]]


def badness(tensor: TensorStats) -> tuple[float, float]:
    """Sort key: the share of non-finite elements, then the largest magnitude."""
    return (tensor.num_nonfinite / max(tensor.numel, 1), tensor.absmax or 0.0)


SORT_KEYS: Mapping[str, Key | None] = {
    "badness": badness,
    "file": None,
    "l2": lambda t: (t.l2 or 0.0, 0.0),
    "absmax": lambda t: (t.absmax or 0.0, 0.0),
    "nonfinite": lambda t: (t.num_nonfinite, 0.0),
    "zeros": lambda t: (t.num_zero / max(t.numel, 1), 0.0),
    "numel": lambda t: (t.numel, 0.0),
}
"""Largest first; ``file`` keeps the order of the checkpoint."""


@dataclass(frozen=True, slots=True)
class Showing:
    """A choice of tensors.

    Args:
        is_all: Every tensor, not only the suspicious ones.
        pattern: Only names that match this glob; given, healthy ones are shown, too.
        sort: One of ``SORT_KEYS``.

    Raises:
        NandoctorError: The sort key is unknown.
    """

    is_all: bool = False
    pattern: str | None = None
    sort: str = "badness"

    def __post_init__(self) -> None:
        if self.sort not in SORT_KEYS:
            raise NandoctorError(
                f"no sort key {self.sort!r}", hint=f"one of {', '.join(SORT_KEYS)}"
            )

    def tensors(self, evidence: Evidence, findings: Sequence[Finding]) -> tuple[TensorStats, ...]:
        """Return the chosen tensors of the crash checkpoint.

        Raises:
            NandoctorError: A pattern is given and no name matches it.
        """
        if evidence.crash is None:
            return ()
        named = {finding.where for finding in findings if finding.severity != "note"}
        chosen = [t for t in evidence.crash.tensors if self._takes(t, named)]
        if self.pattern is not None and not chosen:
            raise NandoctorError(
                f"no tensor matches {self.pattern!r}", hint="--all lists the names"
            )
        key = SORT_KEYS[self.sort]
        return tuple(sorted(chosen, key=key, reverse=True) if key else chosen)

    def _takes(self, tensor: TensorStats, named: set[str]) -> bool:
        if self.pattern is not None:
            return fnmatchcase(tensor.name, self.pattern)
        return self.is_all or not tensor.is_finite or tensor.name in named


SUSPICIOUS = Showing()


def histograms_of(path: Path, pattern: str | None) -> tuple[Histogram, ...]:
    """Return the histograms of the tensors that a glob names; none without one."""
    if pattern is None:
        return ()
    from nandoctor.checkpoints import open_checkpoint
    from nandoctor.checkpoints.histograms import histograms

    return histograms(open_checkpoint(path), pattern)
