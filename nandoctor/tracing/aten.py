"""What the tracer knows about aten ops: which move data, write in place or leave garbage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

GARBAGE = frozenset({
    "empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided",
    "resize_", "resize_as_", "_resize_output_",
})  # fmt: skip
"""Ops whose result is uninitialised memory."""

_OVERWRITING = frozenset({
    "copy_", "fill_", "zero_", "normal_", "uniform_", "bernoulli_", "random_", "exponential_",
    "log_normal_", "geometric_", "cauchy_", "set_", "_foreach_copy_", "_foreach_zero_",
})  # fmt: skip
"""In-place ops that do not read what they write over."""

_PASSIVE = frozenset({"detach", "detach_", "alias", "lift", "_unsafe_view", "_reshape_alias"})

_COPIES = frozenset({"copy_", "copy", "_to_copy"})

CARRIERS = frozenset({"_to_copy", "clone", "lift_fresh", "_pin_memory", "copy"})
"""Ops that only move a tensor: who reads the copy reads the original."""


@dataclass(frozen=True, slots=True)
class Traits:
    """How one op treats memory.

    Args:
        name: aten base name, without overload and trailing underscore.
        is_pure: It writes nothing but its own results.
        written: Positions and keywords of the arguments it writes.
        reads_written: Whether what stood there before matters.
    """

    name: str
    is_passive: bool
    is_copy: bool
    makes_garbage: bool
    is_pure: bool
    written: tuple[tuple[int, str], ...]
    reads_written: bool
    argument_names: tuple[str, ...]


@lru_cache(maxsize=4096)
def traits_of(func: Any) -> Traits:
    """Return the traits of an OpOverload, read from its schema."""
    schema = func._schema
    raw = schema.name.split("::")[-1]
    written = tuple(
        (position, argument.name)
        for position, argument in enumerate(schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    )
    is_out = any(schema.arguments[position].kwarg_only for position, _ in written)
    name = raw.rstrip("_") if not raw.startswith("__") else raw
    return Traits(
        name=name or raw,
        is_passive=(bool(func.is_view) and not written) or raw in _PASSIVE,
        is_copy=raw in _COPIES,
        makes_garbage=raw in GARBAGE,
        is_pure=not written and raw not in GARBAGE,
        written=written,
        reads_written=bool(written) and raw not in _OVERWRITING and not is_out,
        argument_names=tuple(argument.name for argument in schema.arguments),
    )


def waited_for(args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the arguments of a copy with ``non_blocking`` off: one under way cannot be read."""
    if kwargs.get("non_blocking"):
        kwargs = {**kwargs, "non_blocking": False}
    if len(args) == 3 and args[2] is True:
        args = (*args[:2], False)
    return args, kwargs


def tensors_in(values: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors of an argument list, in order, lists included."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(value)


def written_tensors(
    traits: Traits, args: Sequence[Any], kwargs: dict[str, Any]
) -> list[torch.Tensor]:
    """Return the tensors that the call writes in place."""
    found = []
    for position, name in traits.written:
        value = args[position] if position < len(args) else kwargs.get(name)
        found += list(tensors_in([value]))
    return found


def read_tensors(traits: Traits, args: Sequence[Any], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    """Return the tensors whose elements the call reads, in argument order."""
    skipped = {position for position, _ in traits.written} if not traits.reads_written else set()
    names = {name for _, name in traits.written} if not traits.reads_written else set()
    positional = [value for position, value in enumerate(args) if position not in skipped]
    return list(tensors_in([*positional, *(v for k, v in kwargs.items() if k not in names)]))


def result_tensors(
    traits: Traits, args: Sequence[Any], kwargs: dict[str, Any], result: Any
) -> list[torch.Tensor]:
    """Return the tensors that hold the op's results; foreach ops return none and write lists."""
    found = list(tensors_in([result]))
    return found or written_tensors(traits, args, kwargs)


def scalars_of(traits: Traits, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that are no tensors, by their schema names."""
    named = {**dict(zip(traits.argument_names, args, strict=False)), **kwargs}
    return {name: value for name, value in named.items() if not list(tensors_in([value]))}
