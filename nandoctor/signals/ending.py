"""What the log's own words say about the end of a run whose last losses were finite."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nandoctor.evidence import LogEvent, MetricHistory

_NONFINITE = ("nonfinite_loss", "nonfinite_grad", "loss_scale_collapse")
_OVERFLOW = "loss_scale_overflow"
_MANY_OVERFLOWS = 10
"""More overflows in a row than a loss scaler needs to find its level."""


def nonfinite_ending(
    run: MetricHistory, events: Sequence[LogEvent], next_line: int | None
) -> LogEvent | None:
    """Return the line by which a run ended in NaN after its last loss, None where none says so.

    Args:
        run: One run of the log.
        events: The events of the whole log.
        next_line: Where the next run of the log begins.
    """
    loss = run.loss
    if not events or loss is None or not loss.logged.any():
        return None
    last = int(run.line[np.flatnonzero(loss.logged)[-1]])
    if last == 0:
        return None
    after = [e for e in events if e.line > last and (next_line is None or e.line < next_line)]
    overflows = [event for event in after if event.kind == _OVERFLOW]
    told = [event for event in after if event.kind in _NONFINITE]
    if len(overflows) >= _MANY_OVERFLOWS:
        return overflows[0]
    return told[0] if told else None
