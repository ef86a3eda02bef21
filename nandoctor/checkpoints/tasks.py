"""What a scan is cut into: stretches of dense tensors that threads can measure apart."""

from __future__ import annotations

from dataclasses import dataclass

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.dtypes import ElementType, element_type
from nandoctor.checkpoints.views import ViewPlan, plan_view

_CHUNK = 1 << 25
"""Bytes one task covers; a multiple of every block and element size."""


@dataclass(frozen=True, slots=True)
class Task:
    """Elements ``first`` to ``last``, in reading order, of one dense tensor; else all of it."""

    owner: int
    ref: TensorRef
    kind: ElementType
    plan: ViewPlan
    first: int
    last: int
    exact: bool


def tasks_of(owner: int, ref: TensorRef, exact: bool) -> list[Task]:
    """Split the reading of one strided tensor.

    Raises:
        ValueError: Its description does not fit its storage.
    """
    kind = element_type(ref.dtype)
    if kind is None or ref.data is None or not ref.numel:
        return []
    plan = plan_view(ref, kind)
    step = _CHUNK // kind.size
    if not plan.is_dense or ref.data.packed is not None or plan.count <= step:
        return [Task(owner, ref, kind, plan, 0, plan.count, exact)]
    starts = range(0, plan.count, step)
    return [Task(owner, ref, kind, plan, s, min(s + step, plan.count), exact) for s in starts]
