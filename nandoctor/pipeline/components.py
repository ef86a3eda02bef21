"""The model part by part: how large, how far, how much of it is bad."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from nandoctor.evidence import Component, TensorStats
from nandoctor.findings import ComponentSummary
from nandoctor.rules.attribution import component_of


def components_of(tensors: Sequence[TensorStats]) -> tuple[ComponentSummary, ...]:
    """Sum up the parameters by component, in file order; none where there is only one."""
    parts: dict[Component, list[TensorStats]] = defaultdict(list)
    for tensor in tensors:
        if tensor.role == "parameter":
            parts[component_of(tensor.name)].append(tensor)
    if len(parts) < 2:
        return ()
    return tuple(_summary(component, part) for component, part in parts.items())


def _summary(component: Component, part: list[TensorStats]) -> ComponentSummary:
    num_bad = sum(tensor.num_nonfinite for tensor in part)
    numel = sum(tensor.numel for tensor in part)
    norm = math.hypot(*(tensor.l2 or 0.0 for tensor in part))
    return ComponentSummary(
        component, num_tensors=len(part), numel=numel, num_nonfinite=num_bad,
        num_bad_tensors=sum(not tensor.is_finite for tensor in part),
        rms=norm / math.sqrt(max(numel - num_bad, 1)),
        absmax=max((tensor.absmax or 0.0 for tensor in part), default=0.0),
    )  # fmt: skip
