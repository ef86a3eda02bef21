"""Lines that repeat what others say of a step: means of an epoch, a second set of data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.groups import BAR, Group


def without_summaries(leading: list[Group]) -> list[Group]:
    """Drop the groups that are others without their bar, where these are the rarer: an epoch's
    means below its batches."""
    return [group for group in leading if not any(_sums_up(group, other) for other in leading)]


def _sums_up(group: Group, other: Group) -> bool:
    is_bare = {*group.keys, BAR} == set(other.keys) != set(group.keys)
    return is_bare and 2 <= group.count <= other.count / 2


def first_of_pairs(leading: list[Group], step: str | None) -> list[Group]:
    """Drop the group whose lines follow another's one by one and tell of the same step.

    Args:
        leading: The groups that hold the loss.
        step: The key of their step; None where lines above announce it.
    """
    if len(leading) != 2:
        return leading
    first, second = sorted(leading, key=lambda group: int(group.table()[0][0]))
    lines, later = first.table()[0], second.table()[0]
    if len(lines) < 2 or len(later) < 2 or not 0 <= len(lines) - len(later) <= 1:
        return leading
    follows = (lines[: len(later)] < later).all()
    are_alternate = follows and (later[: len(lines) - 1] < lines[1:]).all()
    steps, others = _steps(first, step), _steps(second, step)
    if not are_alternate or steps is None or others is None:
        return leading
    return [first] if np.array_equal(steps[: len(others)], others) else leading


def _steps(group: Group, step: str | None) -> NDArray[np.float64] | None:
    _, values, _, context = group.table()
    if step is None:
        return context
    return values[:, group.keys.index(step)] if step in group.keys else None
