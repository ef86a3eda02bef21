"""The rows of a table that say something, added to their group; nothing is read here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs import naming
from nandoctor.logs.groups import Group
from nandoctor.logs.loss_name import loss_rank


def keep_rows(
    group: Group,
    line: int,
    values: NDArray[np.float64],
    logged: NDArray[np.bool_] | None,
    bad: NDArray[np.bool_] | None,
) -> None:
    """Add the rows from ``line`` on that hold a number and nothing that is refused.

    Args:
        group: Takes the rows.
        line: Number of the first row's line.
        values: float64[n, k].
        logged: bool[n, k]: which cells hold a number; None = all.
        bad: bool[n]: which rows are refused; None = none.
    """
    lines = np.arange(line, line + len(values))
    if bad is not None and not bad.any():
        bad = None
    if (logged is None or logged.all()) and bad is None:
        group.add_many(lines, values)
        return
    if logged is None:
        logged = np.ones(values.shape, bool)
    _spell_out(values, logged, list(group.keys))
    kept = logged.any(axis=1)
    if bad is not None:
        kept &= ~bad
    group.add_many(lines[kept], values[kept], logged[kept])


def _spell_out(values: NDArray[np.float64], logged: NDArray[np.bool_], names: list[str]) -> None:
    """Mark the loss NaN where a row has a step and no finite metric: how pandas writes NaN."""
    is_step = np.array([naming.step_rank(name) is not None for name in names])
    is_setting = np.array(
        [naming.lr_rank(n) is not None or naming.loss_scale_rank(n) is not None for n in names]
    )
    ranks = {n: r for n in names if (r := loss_rank(n)) is not None}
    if not ranks:
        return
    losses = [place for place, name in enumerate(names) if ranks.get(name) == min(ranks.values())]
    has_loss = logged[:, losses].any(axis=1)
    is_setting &= logged[has_loss].any(axis=0)  # else it is logged on rows of its own
    metrics = ~is_step & ~is_setting
    empty = logged[:, is_step].any(axis=1)
    empty &= ~(logged & np.isfinite(values))[:, metrics].any(axis=1)
    for place in losses:
        missing = empty & ~logged[:, place]
        values[missing, place] = np.nan
        logged[missing, place] = True
