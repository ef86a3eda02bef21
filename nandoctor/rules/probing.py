"""How the rules read the probes: batches near the onset, run on the last good weights."""

from __future__ import annotations

import math

from nandoctor.evidence import Evidence, Probe
from nandoctor.rules.curve import Curve
from nandoctor.rules.weights import is_flipped

OUT_OF_LINE = 10.0  # times the run's level, and that of other batches on the same weights


def near_onset(evidence: Evidence, curve: Curve) -> list[Probe]:
    """Return the probes of the onset's batch and the two before it."""
    return [probe for probe in evidence.probes if curve.step - 2 <= probe.step <= curve.step]


def hard_batch(evidence: Evidence, curve: Curve) -> Probe | None:
    """Return the probe of a batch that gives a loss out of line on sound weights, too."""
    good = evidence.last_good.tensors if evidence.last_good else ()
    if any(is_flipped(tensor) for tensor in good):
        return None  # on such weights every batch is hard
    others = sorted(abs(p.loss) for p in evidence.probes if p.step < curve.step - 2)
    usual = others[len(others) // 2] if others else 0.0
    limit = OUT_OF_LINE * max(curve.level, curve.noise, usual)
    hard = [p for p in near_onset(evidence, curve) if not abs(p.loss) <= limit]
    return hard[-1] if hard else None


def is_data_cleared(evidence: Evidence, curve: Curve) -> bool:
    """Whether the onset's batch was run on sound weights and is as any other."""
    steps = {probe.step for probe in near_onset(evidence, curve)}
    return curve.step in steps and hard_batch(evidence, curve) is None


def gradient_factor(evidence: Evidence) -> tuple[float, int, bool] | None:
    """Return (recorded over probed gradient norm, step, exact), None where they agree.

    Exact: at the good checkpoint's own step, with the recorded loss reproduced. Else the smallest
    factor over at least two steps on weights that are a few steps old.
    """
    start = evidence.last_good.training.step if evidence.last_good else None
    ratios = [(p, p.recorded_grad_norm / p.grad_norm) for p in evidence.probes
              if p.grad_norm and p.recorded_grad_norm and math.isfinite(p.grad_norm)
              and p.step >= (start or 0)]  # fmt: skip
    if not ratios:
        return None
    first, factor = ratios[0]
    same_loss = first.recorded_loss is not None and math.isclose(
        first.loss, first.recorded_loss, rel_tol=0.01
    )
    if same_loss and factor > 1.8 and abs(factor - round(factor)) < 0.03 * factor:
        return factor, first.step, True
    alike = [ratio for probe, ratio in ratios if _is_alike(probe)]
    if len(alike) >= 2 and min(alike) > 3 and 2 * len(alike) > len(ratios):
        return min(alike), first.step, False
    return _from_one_step_on(ratios)


def _from_one_step_on(ratios: list[tuple[Probe, float]]) -> tuple[float, int, bool] | None:
    """Return the factor where the norm shot up at one step whose loss is no higher than probed."""
    for index, (probe, ratio) in enumerate(ratios):
        if ratio > OUT_OF_LINE / 2:
            before = [earlier for _, earlier in ratios[:index]]
            same = probe.recorded_loss is not None and probe.recorded_loss <= 1.1 * abs(probe.loss)
            is_new = len(before) >= 3 and max(before) < 2.5 and min(before) > 0.2
            return (ratio, probe.step, False) if same and is_new else None
    return None


def _is_alike(probe: Probe) -> bool:
    """Whether the recorded loss is still about that of the good weights."""
    return probe.recorded_loss is not None and abs(probe.recorded_loss) < 2 * abs(probe.loss)
