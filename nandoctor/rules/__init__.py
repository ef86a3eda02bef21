"""From Evidence to Findings: one cause a file, registered here in order; ranking is decision's."""

from dataclasses import replace

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules import (
    acos_at_one,
    all_labels_ignored,
    all_masked_softmax,
    atan2_at_origin,
    bad_batch,
    bad_buffer,
    bad_input,
    bad_parameter,
    bf16_precision,
    communication_failure,
    ctc_infeasible,
    cumulative_overflow,
    custom_backward,
    cut_off_log,
    damaged_checkpoint,
    dangerous_pickle,
    data_loader_death,
    dead_tensor,
    device_failure,
    division_by_zero,
    dtype_headroom,
    empty_reduction,
    exp_overflow,
    exploding_gradient,
    fp16_overflow,
    fp16_underflow,
    gradient_accumulation,
    hidden_nan,
    incomplete_checkpoint,
    inf_minus_inf,
    killed,
    learning_rate_too_high,
    log_of_zero,
    loss_explosion,
    loss_scale_collapse,
    missing_warmup,
    nan_placeholder,
    nonfinite_reported,
    nonfinite_state,
    norm_at_zero,
    optimizer_instability,
    optimizer_settings,
    optimizer_state,
    out_of_family,
    out_of_memory,
    part_gradients,
    pow_at_zero,
    precision_range,
    python_traceback,
    range_overflow,
    resume_mismatch,
    sqrt_at_zero,
    std_of_one,
    unnormalised_input,
    vanishing_gradient,
    where_trap,
    write_failure,
    zero_times_inf,
    zero_variance_norm,
)

RULES: tuple[Rule, ...] = (
    log_of_zero.RULE,
    division_by_zero.RULE,
    exp_overflow.RULE,
    all_masked_softmax.RULE,
    zero_variance_norm.RULE,
    empty_reduction.RULE,
    all_labels_ignored.RULE,
    ctc_infeasible.RULE,
    inf_minus_inf.RULE,
    zero_times_inf.RULE,
    cumulative_overflow.RULE,
    std_of_one.RULE,
    atan2_at_origin.RULE,
    range_overflow.RULE,
    nan_placeholder.RULE,
    fp16_overflow.RULE,
    fp16_underflow.RULE,
    bf16_precision.RULE,
    loss_scale_collapse.RULE,
    dtype_headroom.RULE,
    precision_range.RULE,
    bad_input.RULE,
    unnormalised_input.RULE,
    bad_batch.RULE,
    bad_parameter.RULE,
    bad_buffer.RULE,
    optimizer_state.RULE,
    optimizer_settings.RULE,
    exploding_gradient.RULE,
    vanishing_gradient.RULE,
    dead_tensor.RULE,
    out_of_family.RULE,
    nonfinite_state.RULE,
    part_gradients.RULE,
    sqrt_at_zero.RULE,
    norm_at_zero.RULE,
    pow_at_zero.RULE,
    where_trap.RULE,
    acos_at_one.RULE,
    custom_backward.RULE,
    learning_rate_too_high.RULE,
    missing_warmup.RULE,
    gradient_accumulation.RULE,
    optimizer_instability.RULE,
    resume_mismatch.RULE,
    hidden_nan.RULE,
    loss_explosion.RULE,
    nonfinite_reported.RULE,
    incomplete_checkpoint.RULE,
    damaged_checkpoint.RULE,
    dangerous_pickle.RULE,
    out_of_memory.RULE,
    communication_failure.RULE,
    killed.RULE,
    device_failure.RULE,
    data_loader_death.RULE,
    write_failure.RULE,
    python_traceback.RULE,
    cut_off_log.RULE,
)
"""All rules, in the order of their codes."""

_SEVERITY = {"error": 0, "warning": 1, "note": 2}


def run_rules(evidence: Evidence) -> tuple[Finding, ...]:
    """Apply every rule; errors first, within a severity the better-fitting first."""
    found = [
        replace(finding, confirmed_by=finding.confirmed_by or rule.confirmed_by)
        for rule in RULES
        for finding in rule.check(evidence)
    ]
    return tuple(sorted(found, key=lambda f: (_SEVERITY[f.severity], -f.score)))


def find_rule(name: str) -> Rule | None:
    """Return the rule of a code or cause, whatever the case; None where there is none."""
    wanted = name.strip().lower()
    return next((r for r in RULES if wanted in (r.code.lower(), r.cause)), None)


__all__ = ["RULES", "find_rule", "run_rules"]
