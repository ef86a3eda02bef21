"""Trees that a framework saved as one flat mapping, put together again."""

from __future__ import annotations

from typing import Any

_DEEPEST = 100


def put(tree: dict[Any, Any], keys: tuple[Any, ...], value: Any) -> None:
    """Put a value where the keys lead; absurdly many of them are ignored."""
    if not 0 < len(keys) <= _DEEPEST:
        return
    node = tree
    for key in keys[:-1]:
        inner = node.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        node = inner
    node[keys[-1]] = value


def lists(node: Any) -> Any:
    """Turn dicts with the keys 0, 1, ... back into the lists that they were flattened from."""
    if not isinstance(node, dict):
        return node
    made = {key: lists(value) for key, value in node.items()}
    is_list = bool(made) and list(made) == list(range(len(made)))
    return list(made.values()) if is_list else made
