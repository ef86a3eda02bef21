"""Changing the calls of torch functions above autograd, everywhere or on one source line."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from nandoctor.evidence import Origin, ReplayFacts, Source
from nandoctor.interventions.outcome import Inapplicable, remark
from nandoctor.interventions.recompute import without_recompute
from nandoctor.target import ReplayTarget

Repair = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]
"""``(function, args, kwargs) -> result``; ``NotImplemented`` = nothing to change in this call."""

_TORCH = str(Path(torch.__file__).parent)
_OURS = str(Path(__file__).parent.parent)


class CallMode(TorchFunctionMode):
    """Sends the calls of some torch functions through a repair.

    Args:
        repairs: By function name (``div``, ``__rdiv__``, ``log_``, ``normalize``).
        source: Only calls made from this line, directly or inside torch; None = all.
    """

    def __init__(self, repairs: Mapping[str, Repair], source: Source | None) -> None:
        super().__init__()
        self.repairs = repairs
        self.source = source
        self.changed: set[str] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        repair = self.repairs.get(name)
        if repair is not None and (self.source is None or is_called_from(self.source)):
            result = repair(func, tuple(args), kwargs)
            if result is not NotImplemented:
                self.changed.add(name.strip("_"))
                return result
        return func(*args, **kwargs)


def is_called_from(source: Source) -> bool:
    """Whether the innermost frame outside torch stands on that line."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_foreign(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None or frame.f_lineno != source.line:
        return False
    return _absolute(frame.f_code.co_filename) == source.file


@lru_cache(maxsize=4096)
def _is_foreign(filename: str) -> bool:
    return filename.startswith((_TORCH, _OURS, "<frozen"))


@lru_cache(maxsize=4096)
def _absolute(filename: str) -> str:
    return str(Path(filename).absolute())


@contextlib.contextmanager
def repaired_calls(
    repairs: Mapping[str, Repair], source: Source | None, missed: str
) -> Iterator[None]:
    """Run the block with these calls repaired.

    Raises:
        Inapplicable: The block ended without an error and no call was changed.
    """
    mode = CallMode(repairs, source)
    with without_recompute(), mode:
        yield
    if not mode.changed:
        raise Inapplicable(missed)
    remark(f"{', '.join(sorted(mode.changed))}{at(source)}")


def at(source: Source | None) -> str:
    """Return `` at FILE:LINE``, with the file's own name only."""
    return f" at {Path(source.file).name}:{source.line}" if source else ""


def canonical(op: str | None) -> str:
    """Return an op's plain name: ``SqrtBackward0`` and ``sqrt_`` are ``sqrt``."""
    if not op:
        return ""
    if "Backward" in op:
        stem = op.split("Backward")[0]
        op = "".join(f"_{c.lower()}" if c.isupper() else c for c in stem)
    op = op.removeprefix("_foreach_").removeprefix("special_").strip("_")
    return _ALIASES.get(op, op)


_ALIASES = {
    "true_divide": "div",
    "divide": "div",
    "rdiv": "div",
    "reciprocal": "div",
    "linalg_vector_norm": "norm",
    "linalg_norm": "norm",
    "vector_norm": "norm",
    "frobenius_norm": "norm",
    "float_power": "pow",
    "rpow": "pow",
    "arccos": "acos",
    "arcsin": "asin",
    "arctanh": "atanh",
    "arctan2": "atan2",
    "rsub": "sub",
}


def ops_of(origin: Origin) -> set[str]:
    """Return the plain names of the origin's op and, in the backward pass, of its forward op."""
    return {canonical(origin.op), canonical(origin.forward_op)} - {""}


def applies_at(
    facts: ReplayFacts, repairs: Collection[str], contains: Mapping[str, Collection[str]]
) -> str:
    """Return "" where a repair of one of these functions can reach the origin, else why not."""
    from nandoctor.interventions.outcome import IRRELEVANT

    if facts.origin is None or not ops_of(facts.origin) & reachable(repairs, contains):
        return IRRELEVANT
    return "" if facts.origin.source else "the origin has no source line"


def reachable(repairs: Collection[str], contains: Mapping[str, Collection[str]]) -> set[str]:
    """Return the plain names of all ops that run inside these functions."""
    return {op for name in repairs for op in contains.get(name, {canonical(name)})}


def chosen(
    repairs: Mapping[str, Repair], contains: Mapping[str, Collection[str]], origin: Origin
) -> dict[str, Repair]:
    """Return the repairs of the functions that contain the origin's op."""
    ops = ops_of(origin)
    return {
        name: repair
        for name, repair in repairs.items()
        if ops & set(contains.get(name, {canonical(name)}))
    }


@contextlib.contextmanager
def at_origin(
    target: ReplayTarget,
    facts: ReplayFacts,
    repairs: Mapping[str, Repair],
    contains: Mapping[str, Collection[str]],
) -> Iterator[ReplayTarget]:
    """Yield the target with the calls repaired that contain the origin's op, on its line."""
    assert facts.origin is not None
    wanted = chosen(repairs, contains, facts.origin)
    missed = f"no call of {', '.join(sorted(ops_of(facts.origin)))}{at(facts.origin.source)}"
    with repaired_calls(wanted, facts.origin.source, missed):
        yield target
