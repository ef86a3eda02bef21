"""The chosen numbers of a log as one MetricHistory: rows joined by step, runs told apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nandoctor.errors import NoMetricError
from nandoctor.evidence import MetricHistory
from nandoctor.logs import naming
from nandoctor.logs.choose import Overrides, choose, choose_loss, named
from nandoctor.logs.columns import column_names, column_of
from nandoctor.logs.groups import BAR, LEADING, Group
from nandoctor.logs.joining import join_rows, one_writer, segmented
from nandoctor.logs.pairs import first_of_pairs, without_summaries
from nandoctor.logs.steps import rises, step_key, tells_apart

CONTEXT = "what a line above announces"
_LARGEST = 2.0**62


def build_history(groups: list[Group], overrides: Overrides, path: str) -> MetricHistory:
    """Choose among the groups' numbers and return them as a history."""
    groups = [group for group in groups if group.count]
    if overrides.loss:
        loss: str | None = named(groups, overrides.loss, "--loss")
    else:
        loss = choose_loss(groups)
    if loss is None:
        return _without_loss(groups, overrides, path)
    return _history(groups, loss, overrides)


def _without_loss(groups: list[Group], overrides: Overrides, path: str) -> MetricHistory:
    for rank in (naming.grad_norm_rank, naming.loss_scale_rank, naming.lr_rank):
        key = choose((key for group in groups for key in group.keys), rank)
        if key is not None:
            return _history(groups, key, overrides)
    raise NoMetricError(
        f"{path}: no loss found", hint="name the metric with --loss, or give another log"
    )


def _history(groups: list[Group], lead: str, overrides: Overrides) -> MetricHistory:
    """Build the history around the groups that hold ``lead``."""
    groups = _one_rank(_complete_bars(groups, lead), lead)
    leading = without_summaries([group for group in groups if lead in group.keys])
    others = [group for group in groups if lead not in group.keys]
    if overrides.step:
        step: str | None = named(groups, overrides.step, "--step")
    else:
        step = step_key(leading)
    if step is not None:
        leading = first_of_pairs([group for group in leading if step in group.keys], step)
        kept = [*leading, *(group for group in others if step in group.keys)]
        return _assemble([group for group in groups if group in kept], lead, step, overrides)
    if tells_apart(np.concatenate([group.table()[3] for group in leading])):
        leading = first_of_pairs(leading, None) + [g for g in others if _has_context(g)]
        return _assemble(leading, lead, CONTEXT, overrides)
    return _assemble(leading, lead, None, overrides)


def _has_context(group: Group) -> bool:
    """Whether the group's rows belong to steps that lines above announce, and say no more."""
    has_own_step = any(naming.step_rank(key) is not None for key in group.keys)
    return not has_own_step and bool(np.isfinite(group.table()[3]).all())


def _complete_bars(groups: list[Group], lead: str) -> list[Group]:
    """Drop the running means of an epoch where the means of whole epochs are there."""
    complete = sum(g.count for g in groups if g.bar == 2 and lead in g.keys)
    return [g for g in groups if g.bar != 1] if complete >= 2 else groups


def _one_rank(groups: list[Group], lead: str) -> list[Group]:
    """Keep the lines of one rank, the lowest that logs about as much as any."""
    counts: dict[int, int] = {}
    for group in groups:
        if group.rank is not None and lead in group.keys:
            counts[group.rank] = counts.get(group.rank, 0) + group.count
    if len(counts) < 2:
        return groups
    most = max(counts.values())
    kept = min(rank for rank, count in counts.items() if count * 2 >= most)
    return [group for group in groups if group.rank in (None, kept)]


def _assemble(
    groups: list[Group], lead: str, step: str | None, overrides: Overrides
) -> MetricHistory:
    tables = [group.table() for group in groups]
    line = tables[0][0] if len(tables) == 1 else np.concatenate([table[0] for table in tables])
    order: NDArray[np.intp] | slice = slice(None)
    if len(tables) > 1 and (line[1:] < line[:-1]).any():
        order = np.argsort(line, kind="stable")
    names = column_names(groups, lead, step, overrides)
    columns = {
        name: column_of(groups, tables, key)[order] for key, name in names.items() if key != step
    }
    line = line[order]
    if step is None:
        steps, segment = np.arange(len(line)), np.zeros(len(line), np.int32)
        return MetricHistory(steps, columns, line, segment, is_step_index=True)
    if step == CONTEXT:
        numbers = np.concatenate([table[3] for table in tables])[order]
    else:
        numbers = column_of(groups, tables, step)[order].values
    if not -_LARGEST <= numbers.min() <= numbers.max() <= _LARGEST:
        numbers = np.clip(np.nan_to_num(numbers), -_LARGEST, _LARGEST)
    steps = numbers.astype(np.int64)
    history = MetricHistory(steps, columns, line, np.zeros(len(line), np.int32))
    if LEADING in history.columns:
        history = one_writer(history)
    if rises(steps):
        return history
    are_redraws = step == BAR or any(group.bar == 3 for group in groups)
    history = segmented(history, may_stand_still=are_redraws or step == CONTEXT)
    return join_rows(history, last_counts=are_redraws)
