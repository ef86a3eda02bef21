"""Clipping thresholds from a run's own gradient norms, and how often each would have fired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nandoctor.evidence import MetricHistory
from nandoctor.signals.noise import Floats

FACTOR = 2.5
"""Threshold over the healthy maximum; the textbook allows 2 to 3."""
FACTORS = (2.0, 3.0)
ADAPTIVE_QUANTILE = 0.995
ADAPTIVE_BOUNDS = (1.0, 100.0)
_WARM_UP_SHARE = 0.05
_MIN_NORMS = 5


@dataclass(frozen=True, slots=True)
class ClippingAdvice:
    """What a run's healthy gradient norms say about clipping.

    Args:
        healthy: Lowest, median and highest healthy gradient norm.
        num_healthy: How many norms that rests on.
        threshold: ``FACTOR`` times the healthy maximum.
        range: 2 and 3 times the healthy maximum.
        adaptive: The 99.5th percentile of the healthy norms, held within 1 and 100.
        fired: Share of all finite norms that ``threshold`` would have clipped.
        fired_healthy: The same over the healthy norms alone.
        adaptive_fired_healthy: Share of the healthy norms that ``adaptive`` would have clipped.
        first_fired_step: First step after warm-up that ``threshold`` would have clipped.
    """

    healthy: tuple[float, float, float]
    num_healthy: int
    threshold: float
    range: tuple[float, float]
    adaptive: float
    fired: float
    fired_healthy: float
    adaptive_fired_healthy: float
    first_fired_step: int | None


@np.errstate(over="ignore", invalid="ignore")
def clipping_advice(
    history: MetricHistory, *, onset_step: int | None = None
) -> ClippingAdvice | None:
    """Return the advice, None where too few gradient norms were logged.

    Args:
        onset_step: Where the run left its healthy band; later norms are not healthy.
    """
    column = history.grad_norm
    if column is None:
        return None
    rows = np.flatnonzero(column.logged)
    norms, steps = column.values[rows], history.step[rows]
    finite = np.isfinite(norms) & (norms >= 0)
    before = np.ones(len(rows), dtype=bool) if onset_step is None else steps < onset_step
    healthy_rows = np.flatnonzero(finite & before)
    healthy_rows = healthy_rows[int(_WARM_UP_SHARE * len(healthy_rows)) :]
    if len(healthy_rows) < _MIN_NORMS:
        return None
    healthy = norms[healthy_rows]
    top = _healthy_max(healthy)
    threshold = FACTOR * top
    adaptive = float(np.clip(np.quantile(healthy, ADAPTIVE_QUANTILE), *ADAPTIVE_BOUNDS))
    fired = np.flatnonzero(
        finite & (norms > threshold) & (np.arange(len(norms)) >= healthy_rows[0])
    )
    return ClippingAdvice(
        healthy=(float(healthy.min()), float(np.median(healthy)), top),
        num_healthy=len(healthy),
        threshold=threshold,
        range=(FACTORS[0] * top, FACTORS[1] * top),
        adaptive=adaptive,
        fired=float((norms[finite] > threshold).mean()),
        fired_healthy=float((healthy > threshold).mean()),
        adaptive_fired_healthy=float((healthy > adaptive).mean()),
        first_fired_step=int(steps[fired[0]]) if len(fired) else None,
    )


def _healthy_max(healthy: Floats) -> float:
    """Return the highest norm that is no lone outlier.

    Nearly half of healthy runs hold a one-row jump beyond 3x; a threshold over it would never fire.
    """
    log = np.log(np.maximum(healthy, 1e-30))
    middle, upper = np.quantile(log, (0.5, 0.9))
    limit = middle + 3.0 * max(upper - middle, 0.1)
    return float(healthy[log <= limit].max())
