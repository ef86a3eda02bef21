"""What the checklist and the part-by-part view of a model answer, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nandoctor.evidence import Component


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One point of the practitioners' checklist, answered from the run's files."""

    section: Literal["before", "during", "after", "long_term", "pitfall"]
    item: str
    answer: Literal["yes", "no", "unknown"]
    evidence: str = ""
    is_good: bool = True
    """Whether ``yes`` is the good answer; for a pitfall it is not."""


@dataclass(frozen=True, slots=True)
class ComponentSummary:
    """The parameters of one part of the model; ``rms`` and ``absmax`` are of the finite ones."""

    component: Component
    num_tensors: int
    numel: int
    num_nonfinite: int
    num_bad_tensors: int
    rms: float
    absmax: float
