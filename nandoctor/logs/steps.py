"""Which number is the step: the surest name whose values behave like a step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs import naming
from nandoctor.logs.groups import BAR, LEADING, Group

_LARGEST = 2.0**62
_UNNAMED: dict[str, float] = {BAR: 3.5, LEADING: 4.5}


def step_key(leading: list[Group]) -> str | None:
    """Return the step's key among the groups that hold the loss; None where the log has none."""
    total = sum(group.count for group in leading)
    keys = dict.fromkeys(key for group in leading for key in group.keys)
    found: list[tuple[float, int, str]] = []
    for key in keys:
        rank = _UNNAMED.get(key.rstrip("'"), naming.step_rank(key))
        if rank is None:
            continue
        holding = [group for group in leading if key in group.keys]
        count = sum(group.count for group in holding)
        values = np.concatenate([_values(group, key) for group in holding])
        lines = np.concatenate([group.table()[0][_mask(group, key)] for group in holding])
        if (np.diff(lines) < 0).any():
            values = values[np.argsort(lines, kind="stable")]
        is_enough = count * 2 >= total or (count >= 2 and rank <= 1 and count * 3 >= total)
        if is_enough and behaves_like_step(values, strict=rank >= 5):
            found.append((rank, count, key))
    widest = max((count for _, count, key in found if key != LEADING), default=0)
    found = [candidate for candidate in found if candidate[1] * 4 >= widest * 3]
    return min(found)[2] if found else None


def _mask(group: Group, key: str) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = group.table()[2][:, group.keys.index(key)]
    return mask


def _values(group: Group, key: str) -> NDArray[np.float64]:
    _, values, logged, _ = group.table()
    place = group.keys.index(key)
    column: NDArray[np.float64] = values[:, place]
    return column if logged[:, place].all() else column[logged[:, place]]


def behaves_like_step(values: NDArray[np.float64], *, strict: bool) -> bool:
    """Whether the values are whole numbers that grow, as steps do.

    Args:
        values: In file order.
        strict: Nearly every row must have a value of its own (an epoch as step).
    """
    values = values[np.isfinite(values)]
    if not len(values) or (np.abs(values) > _LARGEST).any() or (values < -1).any():
        return False
    if np.mean(values == np.floor(values)) < 0.99:
        return False
    change = np.diff(values)
    if not len(change):
        return True
    back = int((change < 0).sum())
    if not change.any() or (back > 1 and back > 0.34 * len(change)):
        return False
    return bool(np.mean(change != 0) >= (0.45 if strict else 0.1))


def tells_apart(context: NDArray[np.float64]) -> bool:
    """Whether the steps that lines above announced tell the rows apart."""
    known = context[np.isfinite(context)]
    if len(known) < 0.5 * len(context) or not behaves_like_step(known, strict=True):
        return False
    return len(known) < 3 or bool(np.mean(np.diff(known) != 0) >= 0.7)
