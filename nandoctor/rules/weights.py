"""What stored weights show of how they went bad; no cause is named here."""

from __future__ import annotations

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.rules.moments import parameter_of

FLIP = 2.0**10  # a flip of a high exponent bit moves a value by 2^16 or more


def is_flipped(tensor: TensorStats) -> bool:
    """Whether one finite element of a parameter stands far above all others."""
    if tensor.role != "parameter" or tensor.numel < 8 or not tensor.rms_rest:
        return False
    return (tensor.absmax or 0.0) > max(FLIP * tensor.rms_rest, 1.0) and tensor.is_finite


def is_lone(tensor: TensorStats, before: TensorStats | None) -> bool:
    """Whether the rest of the tensor is as it was: a flip changes one element, dynamics all."""
    if before is None or not before.rms_rest or tensor.rms_rest is None:
        return True
    return 0.1 < tensor.rms_rest / before.rms_rest < 10.0


def saved_after_the_fact(evidence: Evidence) -> bool:
    """Whether most parameters are non-finite: the trace of an update with NaN gradients."""
    crash = evidence.crash
    if crash is None:
        return False
    parameters = [t for t in crash.tensors if t.role == "parameter" and t.numel]
    bad = [t for t in parameters if not t.is_finite]
    whole = [t for t in bad if t.num_nonfinite > 0.9 * t.numel]
    # A NaN gradient spoils whole tensors, a fault of the machine some elements.
    return len(bad) > 1 and (len(bad) > 0.5 * len(parameters) or 2 * len(whole) > len(bad) > 2)


def is_buffer(evidence: Evidence, name: str) -> bool:
    """Whether a tensor is a buffer, by the scan where it saw it, by its name else."""
    for facts in evidence.checkpoints[:1]:
        for tensor in facts.tensors:
            if tensor.name == name:
                return tensor.role == "buffer"
    inputs = evidence.replay.origin.inputs if evidence.replay and evidence.replay.origin else ()
    roles = {item.stats.role for item in inputs if item.stats.name == name}
    if roles & {"parameter", "buffer"}:
        return "buffer" in roles
    last = name.rsplit(".", 1)[-1]
    return evidence.is_fixed_by("reset_buffer") or last.startswith(("running_", "inv_freq", "num_"))


def moments_went_first(evidence: Evidence, name: str) -> bool:
    """Whether a few non-finite weights sit where the weight's own moments are bad, and only there.

    A NaN weight gives NaN gradients far beyond itself; only a bad moment spoils its own weight.
    """
    crash = evidence.crash
    if crash is None or not name or saved_after_the_fact(evidence):
        return False
    own = [t for t in crash.tensors if t.role in ("exp_avg", "exp_avg_sq")]
    spoilt = {parameter_of(t.name) for t in own if not t.is_finite}
    negative = {parameter_of(t.name) for t in own if t.role == "exp_avg_sq" and (t.min or 0.0) < 0}
    bad = {t.name for t in crash.tensors if t.role == "parameter" and not t.is_finite}
    return name in negative or (name in spoilt and spoilt == bad)


def is_passed(evidence: Evidence) -> str:
    """Return what clears a finite weight: most samples pass it; empty where nothing does."""
    origin = evidence.replay.origin if evidence.replay else None
    if origin is None or not origin.samples or not evidence.is_fixed_by("drop_samples"):
        return ""
    other = evidence.trial("other_batch")
    if other is not None and other.outcome == "not_fixed":
        return ""  # samples of another batch fail on the same weights
    return "the step is finite on the same weights without the samples that fail"


def whose_fault(evidence: Evidence, name: str) -> str:
    """Return what else made the weight non-finite, empty where nothing shows it."""
    if saved_after_the_fact(evidence):
        return "most parameters are non-finite: an update with NaN gradients was applied before"
    if moments_went_first(evidence, name):
        return "the optimizer's moments of this very weight are bad: its update made it so"
    return ""
