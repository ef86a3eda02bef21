"""The failing step as a value; targets/ builds it, step.py runs it, tracing/ watches it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nandoctor.evidence import ReplayFacts

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Precision:
    """The numeric settings of the step.

    Args:
        autocast_dtype: ``float16`` or ``bfloat16``: the step runs under autocast; None = nandoctor
            adds no autocast (the user's compute_loss may still enter one itself).
        loss_scale: Factor of the loss before backward; gradients are divided by it again.
    """

    autocast_dtype: str | None = None
    loss_scale: float = 1.0


@dataclass(frozen=True)
class ReplayTarget:
    """One training step, ready to run, and its state before the step.

    Args:
        model: In its state at the crash, in train or eval mode as recorded.
        batch: Whatever compute_loss takes: tensor, dict, tuple, dataclass, ...
        compute_loss: ``(model, batch) -> scalar tensor``.
        optimizer: With its recorded state loaded; None = the step is not simulated.
        precision: Autocast and loss scale to run under.
        max_grad_norm: Gradients are clipped to this global norm before the optimizer step.
        rng: RNG state that every run starts from (``step.capture_rng``); None = as it stands.
        last_good: State of the model before the crash (``state_dict``), where known.
        other_batch: ``() -> batch`` of a step that did not crash, where the file offers one.
        recorded: What the run logged for this step (``loss``, ``grad_norm``), where known.
        is_batch_synthetic: The batch was made up; only what does not depend on data counts.
    """

    model: torch.nn.Module
    batch: Any
    compute_loss: Callable[[torch.nn.Module, Any], torch.Tensor]
    optimizer: torch.optim.Optimizer | None = None
    precision: Precision = field(default_factory=Precision)
    max_grad_norm: float | None = None
    rng: Any = None
    last_good: Mapping[str, Any] | None = None
    other_batch: Callable[[], Any] | None = None
    recorded: Mapping[str, float] = field(default_factory=dict)
    is_batch_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What one plain run of a target gave; finite means loss, every gradient and, with an
    optimizer, every parameter and state tensor after the step."""

    loss: float
    grad_norm: float | None
    num_gradients: int
    bad_gradients: tuple[str, ...] = ()
    bad_after_step: tuple[str, ...] = ()
    error: str | None = None

    @property
    def is_finite(self) -> bool:
        """Whether everything that matters is finite."""
        finite = self.loss - self.loss == 0
        return finite and not (self.bad_gradients or self.bad_after_step or self.error)


@dataclass(frozen=True, slots=True)
class Intervention:
    """One counterfactual: the same step with one thing changed, undone bit for bit afterwards.

    Args:
        name: The intervention id (stable, in reports).
        title: What is changed, in a few words.
        applies: ``(target, facts) -> ""`` where it can be tried, else the reason why not.
        apply: ``(target, facts) -> context manager`` of the changed target.
        cost: Runs of the step that it takes; cheap ones go first.
        hides: It removes the symptom whatever the cause (nan_to_num); run on request only.
    """

    name: str
    title: str
    applies: Callable[[ReplayTarget, ReplayFacts], str]
    apply: Callable[[ReplayTarget, ReplayFacts], contextlib.AbstractContextManager[ReplayTarget]]
    cost: float = 1.0
    hides: bool = False
