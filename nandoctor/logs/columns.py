"""The columns of a history: which of the groups' numbers are kept, and under which name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import Column
from nandoctor.logs import naming
from nandoctor.logs.choose import Overrides, choose, named
from nandoctor.logs.groups import BAR, Group
from nandoctor.logs.loss_name import loss_rank

_MOST = 48


def column_of(
    groups: list[Group],
    tables: list[
        tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]
    ],
    key: str,
) -> Column:
    """Return the values of one key in all groups' rows, one group behind the other."""
    if len(groups) == 1:
        place = groups[0].keys.index(key)
        return Column(tables[0][1][:, place], tables[0][2][:, place])
    values, logged = [], []
    for group, (lines, rows, mask, _) in zip(groups, tables, strict=True):
        if key in group.keys:
            place = group.keys.index(key)
            values.append(rows[:, place])
            logged.append(mask[:, place])
        else:
            values.append(np.full(len(lines), np.nan))
            logged.append(np.zeros(len(lines), bool))
    return Column(np.concatenate(values), np.concatenate(logged))


def column_names(
    groups: list[Group], lead: str, step: str | None, overrides: Overrides
) -> dict[str, str]:
    """Return key -> column name for all that is kept, canonical names first."""
    keys = list(dict.fromkeys(key for group in groups for key in group.keys))
    names: dict[str, str] = {}
    if loss_rank(lead) is not None or overrides.loss:
        names[lead] = "loss"
    if overrides.grad_norm:
        names[named(groups, overrides.grad_norm, "--grad-norm")] = "grad_norm"
    ranks = {
        "grad_norm": naming.grad_norm_rank,
        "lr": naming.lr_rank,
        "loss_scale": naming.loss_scale_rank,
    }
    for name, rank in ranks.items():
        key = choose((key for key in keys if key not in names), rank)
        if key is not None and name not in names.values():
            names[key] = name
    for key in keys:
        if len(names) >= _MOST:
            break
        if key in names or key in (step, BAR):
            continue
        name = naming.counter_name(key) or ("epoch" if naming.is_epoch(key) else key)
        if name not in names.values() and (name != key or not naming.is_noise(key)):
            names[key] = name
    return names
