"""The plain attention kernel instead of a fused one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from torch.nn.attention import SDPBackend, sdpa_kernel

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.op_names import ops_of
from nandoctor.interventions.outcome import IRRELEVANT
from nandoctor.interventions.recompute import without_recompute
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    fused = facts.origin and any("attention" in op for op in ops_of(facts.origin))
    return "" if fused else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    with without_recompute(), sdpa_kernel(SDPBackend.MATH):
        yield target


INTERVENTION = Intervention("math_attention", "math attention", _applies, _apply, cost=1.3)
