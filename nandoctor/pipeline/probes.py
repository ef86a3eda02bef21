"""Batches of the steps before an explosion, run on the last good weights: data or dynamics?"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from nandoctor.errors import NandoctorError
from nandoctor.evidence import Column, Evidence, MetricHistory, Probe

NUM_STEPS = 6  # before the onset; the guilty batch is the onset's own or the one before it
MOST_BYTES = 4_000_000_000  # a larger checkpoint is not loaded a second time


def probed(evidence: Evidence, model: str, options: dict[str, Any]) -> tuple[Probe, ...]:
    """Run batches on the good weights: of the run's start, of the good step, up to the onset.

    Args:
        model: The replay file; it must offer ``make_batch(step)``.
        options: Further arguments of ``build_target`` (device, loss, ...).
    """
    good, history = evidence.last_good, evidence.history
    onset = evidence.pattern.onset_step if evidence.pattern else None
    if good is None or history is None or onset is None or good.training.step is None:
        return ()
    if good.training.step > onset or good.num_bytes > MOST_BYTES:
        return ()
    steps = {
        int(history.step[0]),
        good.training.step,
        *range(max(good.training.step, onset - NUM_STEPS + 1), onset + 1),
    }
    try:
        return tuple(_run(evidence, model, options, sorted(steps)))
    except NandoctorError:
        return ()


def _run(evidence: Evidence, model: str, options: dict[str, Any], steps: list[int]) -> list[Probe]:
    from nandoctor.batches import map_tensors
    from nandoctor.step import device_of, run_step
    from nandoctor.targets import build_target
    from nandoctor.targets.build import open_reference
    from nandoctor.targets.loss import checked_loss
    from nandoctor.targets.user_code import user_code

    assert evidence.last_good is not None and evidence.history is not None
    blueprint = open_reference(model)
    if blueprint.make_batch is None:
        return []
    target, _ = build_target(model=model, checkpoint=Path(evidence.last_good.path), **options)
    target, device = replace(target, optimizer=None), device_of(target.model)
    if blueprint.compute_loss is not None and options.get("loss") is None:
        # make_batch may set globals of its file that compute_loss reads: both from one import.
        loss = checked_loss(blueprint.compute_loss, (blueprint.origin,), device)
        target = replace(target, compute_loss=loss)
    found = []
    for step in steps:
        with user_code("make_batch", [blueprint.origin]):
            batch = map_tensors(blueprint.make_batch(step), lambda tensor: tensor.to(device))
        outcome = run_step(replace(target, batch=batch))
        recorded = _recorded(evidence.history, step)
        found.append(Probe(step, outcome.loss, outcome.grad_norm, *recorded, _sizes(batch)))
    return found


def _sizes(batch: Any) -> dict[str, float]:
    """Return the root mean square of each floating-point entry."""
    from nandoctor.batches import named_tensors

    floats = {name: t.double() for name, t in named_tensors(batch) if t.is_floating_point()}
    return {
        name: float(values[values.isfinite()].square().mean().sqrt())
        for name, values in floats.items()
        if values.isfinite().any()
    }


def _recorded(history: MetricHistory, step: int) -> tuple[float | None, float | None]:
    """Return loss and gradient norm that the log holds for a step."""
    rows = (history.step == step).nonzero()[0]
    if not rows.size:
        return None, None
    row = int(rows[-1])
    return _at(history.loss, row), _at(history.grad_norm, row)


def _at(column: Column | None, row: int) -> float | None:
    if column is None or not column.logged[row]:
        return None
    value = float(column.values[row])
    return value if math.isfinite(value) else None
