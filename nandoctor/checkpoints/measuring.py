"""From tensors to their statistics: every one measured once, shared bytes not twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nandoctor.checkpoints.assembly import Part, finish, parts_of
from nandoctor.checkpoints.checkpoint import Checkpoint
from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.integrity import check_crcs
from nandoctor.checkpoints.meter import Meter, Progress
from nandoctor.checkpoints.partial import Partial
from nandoctor.checkpoints.pool import num_bytes, run_tasks
from nandoctor.checkpoints.tasks import Task, tasks_of
from nandoctor.evidence import CheckpointFacts, Damage, Role, TensorStats

Measured = "Partial | str"


def scan(
    checkpoint: Checkpoint, *, exact: bool = False, progress: Progress | None = None
) -> CheckpointFacts:
    """Measure every tensor of a checkpoint in one pass over its bytes.

    Args:
        exact: Sum in float64 (L2 within 1e-12 instead of 3e-6) and check every checksum.
    """
    handles = checkpoint.tensors
    measured = measure([handle.ref for handle in handles], exact=exact, progress=progress)
    damage = list(checkpoint.damage)
    tensors = []
    is_single = len(checkpoint.contents.files) == 1
    for handle, outcome in zip(handles, measured, strict=True):
        if isinstance(outcome, Partial):
            file = "" if is_single else _relative(_file_of(handle.ref), checkpoint.path)
            tensors.append(tensor_stats(handle.name, handle.role, handle.ref, outcome, file))
        elif not handle.ref.broken:
            damage.append(Damage(handle.name, outcome))
    damage += check_crcs(checkpoint, exact=exact)
    return CheckpointFacts(
        path=checkpoint.path, format=checkpoint.format, tensors=tuple(tensors),
        training=checkpoint.training, num_bytes=checkpoint.num_bytes, classes=checkpoint.classes,
        dangerous=checkpoint.dangerous, damage=tuple(damage), missing=checkpoint.missing,
    )  # fmt: skip


def measure(
    refs: Sequence[TensorRef], *, exact: bool = False, progress: Progress | None = None
) -> list[Partial | str]:
    """Return the statistics of each tensor, or why they cannot be had."""
    owners: dict[Any, int] = {}
    unique: list[TensorRef] = []
    which = []
    for ref in refs:
        key = _identity(ref)
        if key not in owners:
            owners[key] = len(unique)
            unique.append(ref)
        which.append(owners[key])
    parts = [parts_of(ref) for ref in unique]
    tasks: list[Task] = []
    reasons = [_plan(group, tasks, exact) for group in parts]
    outcomes = run_tasks(tasks, Meter(sum(map(num_bytes, tasks)), progress).advance)
    joined = [
        reason or _joined(ref, group, outcomes)
        for ref, group, reason in zip(unique, parts, reasons, strict=True)
    ]
    return [joined[owner] for owner in which]


def _plan(parts: Sequence[Part], tasks: list[Task], exact: bool) -> str:
    """Add the tasks of one tensor; return why it cannot be read, empty where it can."""
    mine: list[Task] = []
    for part in parts:
        if part.ref.broken:
            return part.ref.broken
        try:
            mine += tasks_of(id(part), part.ref, exact)
        except ValueError as error:
            return str(error)
    tasks += mine
    return ""


def _joined(
    ref: TensorRef, parts: Sequence[Part], outcomes: dict[int, Partial | str]
) -> Partial | str:
    if ref.broken:
        return ref.broken
    whole = Partial()
    for part in parts:
        found = outcomes.get(id(part), Partial())
        if isinstance(found, str):
            return found
        whole.add(part.placed(found))
    finish(ref, whole)
    return whole


def _identity(ref: TensorRef) -> Any:
    """Return what two tensors share when they are the same bytes seen the same way."""
    if ref.pieces or ref.sparse or ref.data is None or ref.data.memory is not None:
        return id(ref)
    return (ref.data.path, ref.data.start, ref.offset, ref.dtype, ref.shape, ref.strides,
            ref.is_negated, ref.is_conjugated, ref.scale, ref.swapped, ref.broken)  # fmt: skip


def tensor_stats(name: str, role: Role, ref: TensorRef, whole: Partial, file: str) -> TensorStats:
    """Return the public statistics of a measured tensor."""
    some = whole.num_finite > 0
    return TensorStats(
        name=name, role=role, dtype=ref.dtype, shape=ref.shape, numel=ref.numel,
        num_nan=whole.num_nan, num_posinf=whole.num_posinf, num_neginf=whole.num_neginf,
        num_zero=whole.num_zero, num_subnormal=whole.num_subnormal,
        num_at_limit=whole.num_at_limit, min=whole.min if some else None,
        max=whole.max if some else None, l2=whole.l2 if some else None,
        mean=float(np.ldexp(whole.mean, whole.exponent)) if some else None,
        std=whole.std if some else None, first_bad=_coordinates(whole.first_bad, ref.shape),
        absmax_index=_coordinates(whole.absmax_at, ref.shape) if some else None,
        rms_rest=whole.rms_rest, file=file,
    )  # fmt: skip


def _coordinates(flat: int, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    if flat < 0:
        return None
    return tuple(int(c) for c in np.unravel_index(flat, shape)) if shape else ()


def _file_of(ref: TensorRef) -> str:
    inner = ref.sparse[2] if ref.sparse else ref.pieces[0][1] if ref.pieces else ref
    return inner.data.path if inner.data is not None else ""


def _relative(file: str, root: str) -> str:
    path, base = Path(file), Path(root)
    if not file or path == base:
        return ""
    return str(path.relative_to(base)) if path.is_relative_to(base) else path.name
