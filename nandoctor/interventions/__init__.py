"""Counterfactuals: the failing step with one thing changed, each undone bit for bit.

One intervention a file, ending in ``INTERVENTION``; a new one is one more line in the tuple below.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from nandoctor.evidence import ReplayFacts, Trial
from nandoctor.interventions import (
    bf16,
    clamp,
    clean_batch,
    clip_grad,
    correction0,
    drop_samples,
    empty_zero,
    eps,
    eval_mode,
    finite_mask,
    fp32,
    fp32_module,
    fp64,
    lower_loss_scale,
    lower_lr,
    math_attention,
    nan_to_num,
    no_autocast,
    no_compile,
    no_dropout,
    old_weights,
    opt_eps,
    other_batch,
    other_device,
    other_seed,
    plain_autograd,
    relabel,
    reset_buffer,
    reset_optimizer,
    reset_param,
    safe_where,
    scale_input,
    trials,
    zero_infinity,
)
from nandoctor.target import Intervention, ReplayTarget

INTERVENTIONS: tuple[Intervention, ...] = (
    # What an engineer would change in the code or the data,
    eps.INTERVENTION,
    clamp.INTERVENTION,
    safe_where.INTERVENTION,
    finite_mask.INTERVENTION,
    empty_zero.INTERVENTION,
    correction0.INTERVENTION,
    zero_infinity.INTERVENTION,
    relabel.INTERVENTION,
    plain_autograd.INTERVENTION,
    drop_samples.INTERVENTION,
    clean_batch.INTERVENTION,
    scale_input.INTERVENTION,
    other_batch.INTERVENTION,
    # in the state,
    reset_param.INTERVENTION,
    reset_buffer.INTERVENTION,
    reset_optimizer.INTERVENTION,
    opt_eps.INTERVENTION,
    clip_grad.INTERVENTION,
    lower_lr.INTERVENTION,
    old_weights.INTERVENTION,
    # in the precision,
    lower_loss_scale.INTERVENTION,
    fp32_module.INTERVENTION,
    no_autocast.INTERVENTION,
    bf16.INTERVENTION,
    fp32.INTERVENTION,
    fp64.INTERVENTION,
    # in how the step is run,
    eval_mode.INTERVENTION,
    no_dropout.INTERVENTION,
    other_seed.INTERVENTION,
    math_attention.INTERVENTION,
    no_compile.INTERVENTION,
    other_device.INTERVENTION,
    # and what only hides the symptom.
    nan_to_num.INTERVENTION,
)


def run_trials(
    target: ReplayTarget,
    facts: ReplayFacts,
    *,
    budget_seconds: float = 60.0,
    only: Collection[str] | None = None,
    include_hiding: bool = False,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[Trial, ...]:
    """Try the interventions that apply to this fault, cheapest first.

    An intervention is ``fixed`` when the loss and every gradient are finite with it alone (where
    the phase is optimizer, the parameters and the optimizer state after the step too).

    Args:
        target: The failing step.
        facts: What the trace observed.
        budget_seconds: No further intervention begins once this is used up.
        only: Ids to run; None = all that apply.
        include_hiding: Also run what removes the symptom whatever the cause.
        progress: ``(stage, fraction)``.

    Raises:
        NandoctorError: ``only`` names an intervention that does not exist.
    """
    return trials.run(
        INTERVENTIONS,
        target,
        facts,
        budget_seconds=budget_seconds,
        only=only,
        include_hiding=include_hiding,
        progress=progress,
    )


__all__ = ["INTERVENTIONS", "run_trials"]
