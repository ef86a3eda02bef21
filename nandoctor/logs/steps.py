"""Which number is the step: the surest name whose values behave like a step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs import naming
from nandoctor.logs.groups import BAR, LEADING, Group

_LARGEST = 2.0**62
_COUNTER = 3
"""The last rank of names that surely count."""
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
        if key == BAR and any(_is_bare(group, holding) for group in leading):
            continue
        count = sum(group.count for group in holding)
        values = _in_line_order(holding, key)
        is_enough = count * 2 >= total or (count >= 2 and rank <= 1 and count * 3 >= total)
        if is_enough and (
            behaves_like_step(values, strict=rank >= 5)
            or (rank <= _COUNTER and _counts_within_epochs(holding, values))
        ):
            found.append((rank, count, key))
    widest = max((count for _, count, key in found if key != LEADING), default=0)
    found = [candidate for candidate in found if candidate[1] * 4 >= widest * 3]
    return min(found)[2] if found else None


def _counts_within_epochs(holding: list[Group], values: NDArray[np.float64]) -> bool:
    """Whether the values are whole numbers that grow within each epoch, few to one."""
    epochs = [key for key in holding[0].keys if naming.is_epoch(key)]
    if not epochs or any(epochs[0] not in group.keys for group in holding):
        return False
    epoch = _in_line_order(holding, epochs[0])
    if len(epoch) != len(values) or not behaves_like_step(epoch, strict=False):
        return False
    within = epoch[1:] == epoch[:-1]
    is_whole = bool((values == np.floor(values)).all())
    return is_whole and bool(within.any()) and bool((np.diff(values)[within] > 0).all())


def _is_bare(group: Group, barred: list[Group]) -> bool:
    """Whether the group's lines are the others' without the bar, printed when none stood there."""
    return any({*group.keys, BAR} == set(other.keys) != set(group.keys) for other in barred)


def _in_line_order(groups: list[Group], key: str) -> NDArray[np.float64]:
    if len(groups) == 1:
        return _logged(groups[0], key)[1]
    lines, values = zip(*(_logged(group, key) for group in groups), strict=True)
    line = np.concatenate(lines)
    value: NDArray[np.float64] = np.concatenate(values)
    return value[np.argsort(line, kind="stable")] if (line[1:] < line[:-1]).any() else value


def _logged(group: Group, key: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the lines that hold the key, and its values."""
    lines, values, logged, _ = group.table()
    place = group.keys.index(key)
    mask = logged[:, place]
    return (lines, values[:, place]) if mask.all() else (lines[mask], values[mask, place])


def behaves_like_step(values: NDArray[np.float64], *, strict: bool) -> bool:
    """Whether the values are whole numbers that grow, as steps do.

    Args:
        values: In file order.
        strict: Nearly every row must have a value of its own (an epoch as step).
    """
    if rises(values):
        back, changes = 0, len(values) - 1
    else:
        values = values[np.isfinite(values)]
        back = int(np.count_nonzero(values[1:] < values[:-1]))
        changes = int(np.count_nonzero(values[1:] != values[:-1]))
    if not len(values) or not -1 <= values.min() <= values.max() <= _LARGEST:
        return False
    if np.count_nonzero(values == np.floor(values)) < 0.99 * len(values):
        return False
    if len(values) == 1:
        return True
    if not changes or (back > 1 and back > 0.34 * (len(values) - 1)):
        return False
    return changes >= (0.45 if strict else 0.1) * (len(values) - 1)


def rises(values: NDArray[np.float64] | NDArray[np.int64]) -> bool:
    """Whether there are values, all finite, and each is larger than the one before it."""
    is_bounded = len(values) > 0 and bool(np.isfinite(values[[0, -1]]).all())
    return is_bounded and bool((values[1:] > values[:-1]).all())


def tells_apart(context: NDArray[np.float64]) -> bool:
    """Whether the steps that lines above announced tell the rows apart."""
    known = context[np.isfinite(context)]
    if len(known) < 0.5 * len(context) or not behaves_like_step(known, strict=True):
        return False
    return len(known) < 3 or bool(np.mean(np.diff(known) != 0) >= 0.7)
