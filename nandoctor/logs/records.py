"""Records of nested mappings (JSON) -> groups of rows; reading the JSON stands elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from nandoctor.logs import naming
from nandoctor.logs.groups import Groups
from nandoctor.logs.loss_name import is_strong, loss_rank
from nandoctor.logs.spelling import to_number

_SPLIT_NAMES = ("mode", "split", "stage", "phase", "subset", "dataset")
_METRIC_NAMES = ("tag", "metric", "name", "key")
_DEEPEST = 6


def add_record(groups: Groups, line: int, record: Mapping[str, Any]) -> bool:
    """Add one record; True where it holds a number."""
    cells = dict(_cells(record, "", 0))
    name = next((record[n] for n in _METRIC_NAMES if isinstance(record.get(n), str)), None)
    if name is not None and "value" in cells:
        cells[name] = cells.pop("value")
    split = next((record[n] for n in _SPLIT_NAMES if isinstance(record.get(n), str)), "")
    if naming.is_validation(split):
        cells = {
            key if naming.step_rank(key) is not None else f"val/{key}": value
            for key, value in cells.items()
        }
    if not cells:
        return False
    group = groups.of(tuple(cells))
    if group is not None:
        group.add(line, tuple(cells.values()))
    return True


def has_loss(record: Mapping[str, Any]) -> bool:
    """Whether the record, or a mapping in it, names a loss."""
    names = [*record, *(k for v in record.values() if isinstance(v, Mapping) for k in v)]
    return any(isinstance(k, str) and is_strong(k) for k in names)


def _cells(record: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, float]]:
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            if depth < _DEEPEST:
                yield from _cells(value, f"{name}/", depth + 1)
        elif (number := _number(name, value)) is not None:
            yield name, number


def _number(name: str, value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str):
        return to_number(value)
    if value is None and loss_rank(name) is not None:
        return math.nan  # how strict JSON writers spell NaN
    return None
