"""The same step from another seed: whether the fault hangs on random numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable
from nandoctor.snapshot import capture_rng, restore_rng
from nandoctor.target import Intervention, ReplayTarget

_SEED = 20251


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return IRRELEVANT if facts.phase in ("batch", "parameters", "optimizer") else ""


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    consumed = False

    def compute_loss(model: torch.nn.Module, batch: Any) -> torch.Tensor:
        nonlocal consumed
        before = capture_rng()
        loss = target.compute_loss(model, batch)
        consumed = not _is_same(before, capture_rng())
        return loss

    rng = capture_rng()
    torch.manual_seed(_SEED)
    seeded = capture_rng()
    restore_rng(rng)
    yield replace(target, compute_loss=compute_loss, rng=seeded)
    if not consumed:
        raise Inapplicable("the step draws no random numbers")


def _is_same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    same = torch.equal(a["torch"], b["torch"]) and a["python"] == b["python"]
    return same and all(
        torch.equal(x, y) for x, y in zip(a.get("cuda", ()), b.get("cuda", ()), strict=False)
    )


INTERVENTION = Intervention("other_seed", "another random seed", _applies, _apply, cost=1.6)
