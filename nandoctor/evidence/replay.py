"""The failing step run again, and every trial and probe of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nandoctor.evidence.origin import Headroom, LayerNumerics, Origin, Phase
from nandoctor.evidence.tensors import TensorStats

TrialOutcome = Literal["fixed", "not_fixed", "not_applicable", "failed"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One intervention that was run: one thing changed, the step judged again."""

    intervention: str
    outcome: TrialOutcome
    loss: float | None = None
    detail: str = ""
    seconds: float = 0.0
    hides: bool = False
    """The change removes the symptom whatever the cause; it confirms nothing."""


@dataclass(frozen=True, slots=True)
class ReplayFacts:
    """The failing step, run again."""

    is_reproduced: bool
    phase: Phase | None
    loss: float | None
    device: str = "cpu"
    precision: str = "fp32"
    grad_norm: float | None = None
    """Global L2 norm of the unscaled gradients before clipping."""
    recorded_loss: float | None = None
    recorded_grad_norm: float | None = None
    num_gradients: int = 0
    num_bad_gradients: int = 0
    num_bad_after_step: int = 0
    """Parameters and state tensors that are non-finite after the optimizer step only."""
    origin: Origin | None = None
    others: tuple[Origin, ...] = ()
    """Further independent origins, in order of reach."""
    batch: tuple[TensorStats, ...] = ()
    gradients: tuple[TensorStats, ...] = ()
    numerics: tuple[LayerNumerics, ...] = ()
    headroom: tuple[Headroom, ...] = ()
    """By module in the order of the forward pass; the unscaled gradients likewise."""
    harmless: tuple[str, ...] = ()
    """Non-finite tensors that reach nothing (masks, unused buffers), in words."""
    notes: tuple[str, ...] = ()
    is_batch_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """The batch of one step of the data stream, run on the weights of the last good checkpoint.

    Args:
        recorded_loss: What the run logged for that step, None where it did not.
        sizes: Root mean square of the finite elements of each floating-point batch entry, by name.
    """

    step: int
    loss: float
    grad_norm: float | None
    recorded_loss: float | None = None
    recorded_grad_norm: float | None = None
    sizes: Mapping[str, float] = field(default_factory=dict)
