"""What a watched run leaves behind: plain values about its ops, and no tensor of the step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from nandoctor.tracing.frames import Place
from nandoctor.tracing.storages import Leaf

Part = Literal["forward", "backward", "optimizer"]
Role = Literal["candidate", "spread", "mask"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a watched run looks at and changes.

    Args:
        leave: Bad results of every other candidate op are replaced by finite numbers; None = all
            stay as they are.
        details: Ops whose operands are kept.
        is_detailed: Note the producers and the module of every op, and key numerics.
        suspects: The only ops whose results are looked at; None = all.
        is_deferred: Add results up without waiting for the device; which are bad shows afterwards
            (``Watch.suspicions``).
    """

    leave: frozenset[int] | None = None
    details: frozenset[int] = frozenset()
    is_detailed: bool = False
    suspects: frozenset[int] | None = None
    is_deferred: bool = False


@dataclass(frozen=True, slots=True)
class OpRecord:
    """An op whose result held bad elements.

    Args:
        sources: Ops that wrote the bad elements it read.
        leaves: Bad leaves that it read itself.
        forward: Index of the forward op whose gradient it computes.
        node: Name of the autograd node that ran it.
        is_custom: That node is a Python ``autograd.Function`` of the user's.
    """

    index: int
    name: str
    part: Part
    role: Role
    sources: tuple[int, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    forward: int | None = None
    node: str = ""
    is_custom: bool = False
    place: Place | None = None


@dataclass(slots=True)
class Detail:
    """The operands of one op: detached copies, dropped once they are measured.

    Args:
        caller: The place above an ``autograd.Function`` whose forward ran the op, if any.
        calls: How often the module has been called, this call included.
    """

    name: str
    scalars: dict[str, Any]
    inputs: list[torch.Tensor]
    outputs: list[torch.Tensor]
    place: Place
    caller: Place
    makers: list[tuple[str, ...]]
    leaves: list[Leaf | None]
    calls: int = 1


@dataclass(slots=True)
class Lineage:
    """Producers and module of every op of a detailed run."""

    names: dict[int, str] = field(default_factory=dict)
    modules: dict[int, str] = field(default_factory=dict)
    parents: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def made_by(self, index: int | None, limit: int = 12) -> tuple[str, ...]:
        """Return the names of the ops that led to an op's result, nearest first, itself first."""
        queue, found = [index] if index is not None else [], dict[int, None]()
        while queue and len(found) < limit:
            current = queue.pop(0)
            if current not in found and current in self.names:
                found[current] = None
                queue += self.parents.get(current, ())
        return tuple(self.names[op] for op in found)

    def consumers(self, index: int, limit: int = 24) -> tuple[int, ...]:
        """Return the ops that an op's result flows into, in order."""
        reached = {index}
        found: list[int] = []
        for op in sorted(self.parents):
            if op > index and reached.intersection(self.parents[op]):
                reached.add(op)
                found.append(op)
                if len(found) == limit:
                    break
        return tuple(found)
