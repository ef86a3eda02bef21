"""Where the bad elements of an op's input come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch

from nandoctor.tracing.finiteness import can_be_bad, has_bad, is_infinite_only
from nandoctor.tracing.storages import Leaf, Leaves, Stains


class Nature(Enum):
    """Kinds of bad input."""

    derived = "derived"
    leaf = "leaf"
    mask = "mask"
    garbage = "garbage"
    constant = "constant"


_NEVER_MEANT = ("parameter", "state")
"""Leaves in which an infinity is never a mask."""


@dataclass(frozen=True, slots=True)
class Bad:
    """One input with bad elements.

    Args:
        infinity: Set where the bad elements are an intended infinity.
        leaf: The leaf that they stand in, directly or through copies.
        writers: Ops that wrote them.
    """

    nature: Nature
    infinity: float | None = None
    leaf: Leaf | None = None
    writers: tuple[int, ...] = ()


def nature_of(
    tensor: torch.Tensor, stains: Stains, leaves: Leaves, *, is_fresh: bool = False
) -> Bad | None:
    """Return what is bad about a tensor, None where it is finite.

    Args:
        is_fresh: Look at the elements even where nothing is known against the storage: an op's
            result was just found bad.
    """
    if not can_be_bad(tensor):
        return None
    stain = stains.get(tensor)
    leaf = leaves.find(tensor)
    known = stain is not None or (leaf is not None and leaf.is_bad)
    if not (known or is_fresh) or not has_bad(tensor):
        return None
    if stain is not None and stain.writers:
        return _of_stain(tensor, stain.infinity, stain.leaf, tuple(stain.writers))
    if leaf is not None:
        if not leaf.is_bad:  # written by the step without a trace (running statistics)
            return Bad(Nature.derived)
        if leaf.infinity is not None and leaf.kind not in _NEVER_MEANT:
            return Bad(Nature.mask, leaf.infinity, leaf)
        return Bad(Nature.leaf, None, leaf)
    if stain is not None:
        return Bad(Nature.garbage)
    infinity = is_infinite_only(tensor)
    return Bad(Nature.constant if infinity is None else Nature.mask, infinity)


def _of_stain(
    tensor: torch.Tensor, infinity: float | None, leaf: Leaf | None, writers: tuple[int, ...]
) -> Bad:
    if infinity is not None and is_infinite_only(tensor) == infinity:
        return Bad(Nature.mask, infinity, leaf, writers)
    if leaf is not None:
        return Bad(Nature.leaf, None, leaf, writers)
    return Bad(Nature.derived, writers=writers)
