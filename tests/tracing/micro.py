"""Micro-cases: a registry of small steps that fail, or seem to, each with the truth about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nandoctor.target import ReplayTarget

CASES: dict[str, MicroCase] = {}


@dataclass(frozen=True)
class MicroCase:
    """One step and what is true of it; ``phase`` None = nothing is wrong.

    The origin's source line carries the comment ``# <- name``.
    """

    name: str
    build: Callable[[], ReplayTarget]
    phase: str | None
    op: frozenset[str]
    module: str
    samples: tuple[int, ...] | None
    has_line: bool

    def lines(self) -> list[int]:
        """Return the lines of the file that are marked as the origin."""
        text = Path(inspect.getsourcefile(self.build) or "").read_text().splitlines()
        return [i for i, line in enumerate(text, 1) if f"# <- {self.name}" in line]


def case(
    phase: str | None, op: str = "", module: str = "", samples: Any = None, *, line: bool = True
) -> Callable[[Callable[[], ReplayTarget]], Callable[[], ReplayTarget]]:
    """Register a function that builds a step as a micro-case of its own name."""

    def register(build: Callable[[], ReplayTarget]) -> Callable[[], ReplayTarget]:
        name = build.__name__
        kept = None if samples is None else tuple(samples)
        ops = frozenset(op.split())
        has_line = line and phase is not None
        CASES[name] = MicroCase(name, build, phase, ops, module, kept, has_line)
        return build

    return register


def step(
    model: torch.nn.Module, batch: Any, loss: Callable[..., torch.Tensor], **kwargs: Any
) -> ReplayTarget:
    """Return a target of a model, a batch and a loss."""
    return ReplayTarget(model, batch, loss, **kwargs)


class Fn(torch.nn.Module):
    """A module whose forward is a given function of itself and its inputs, with a linear layer."""

    def __init__(self, function: Callable[..., torch.Tensor], width: int = 4) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.fc = torch.nn.Linear(width, width)
        self.function = function

    def forward(self, *args: Any) -> torch.Tensor:
        """Call the function."""
        return self.function(self, *args)


def rows(count: int = 5, width: int = 4, seed: int = 1) -> torch.Tensor:
    """Return a seeded batch."""
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))
