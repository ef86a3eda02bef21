"""Where the histories in a parsed JSON document stand; reading the document stands elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nandoctor.logs import naming
from nandoctor.logs.loss_name import loss_rank
from nandoctor.logs.records import has_loss

_DEEPEST = 8
_YEAR_2001 = 1e9
"""Seconds since 1970; what TensorBoard writes before a step is later."""


def records_of(value: Any, prefix: str = "", depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield the records of every list that holds a loss, and the rows of every dict of lists.

    Args:
        value: The document, or a part of it.
        prefix: ``val/`` within a part that tells of a validation.
        depth: How deep that part stands.
    """
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        if any(isinstance(item, dict) and has_loss(item) for item in value):
            yield from (_marked(item, prefix) for item in value if isinstance(item, dict))
        elif _are_points(value):
            yield from ({"step": step, f"{prefix}value": point} for _, step, point in value)
        else:
            for item in value:
                yield from records_of(item, prefix, depth + 1)
    elif isinstance(value, dict):
        yield from _of_mapping(value, prefix, depth)


def _of_mapping(value: dict[str, Any], prefix: str, depth: int) -> Iterator[Mapping[str, Any]]:
    series = {k: v for k, v in value.items() if isinstance(v, list) and _is_series(v)}
    if any(loss_rank(key) is not None for key in series):
        longest = max(map(len, series.values()))
        for place in range(longest):
            row = {key: cells[place] for key, cells in series.items() if place < len(cells)}
            yield _marked(row, prefix)
        return
    if len(value) > 1 and all(k.isdigit() and isinstance(v, dict) for k, v in value.items()):
        yield from (_marked({"step": int(k), **v}, prefix) for k, v in value.items() if has_loss(v))
        return
    if depth == 0 and has_loss(value) and not any(isinstance(v, list) for v in value.values()):
        yield value
        return
    for key, item in value.items():
        inner = "val/" if naming.is_validation(key) else prefix
        yield from records_of(item, inner, depth + 1)


def _marked(record: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    return {f"{prefix}{key}": cell for key, cell in record.items()} if prefix else record


def _is_series(cells: list[Any]) -> bool:
    return bool(cells) and all(isinstance(c, int | float) or c is None for c in cells[:50])


def _are_points(rows: list[Any]) -> bool:
    """Whether these are TensorBoard's points: wall time, step, value."""
    return bool(rows) and all(
        isinstance(row, list) and len(row) == 3 and _is_series(row) and row[0] > _YEAR_2001
        for row in rows
    )
