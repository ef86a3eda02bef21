"""Several checkpoints of one run as a series: when each tensor turned bad, norms over steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nandoctor.evidence import CheckpointFacts, TensorSeries, TensorStats
from nandoctor.findings import Report
from nandoctor.pipeline.inspecting import inspect_checkpoint
from nandoctor.pipeline.settings import Progress


def inspect_series(
    paths: Sequence[str | Path], *, progress: Progress = None, **options: Any
) -> Report:
    """Inspect checkpoints of one run; one report a file in ``files``, the series in ``series``.

    Args:
        **options: Those of ``inspect_checkpoint``.

    Raises:
        UnreadableInputError: One of them is missing, empty or foreign.
    """
    reports = [inspect_checkpoint(path, progress=progress, **options) for path in paths]
    ordered = sorted(reports, key=step_of)
    series = tensor_series([report.checkpoints[0] for report in ordered])
    return Report(
        command="inspect",
        inputs=tuple(str(path) for path in paths),
        files=tuple(replace(report, logs=()) for report in ordered),
        series=tuple(sorted(series, key=badness)),
    )


def step_of(report: Report) -> float:
    """The step of a report's checkpoint; unknown steps come last."""
    step = report.checkpoints[0].training.step
    return float("inf") if step is None else step


def tensor_series(checkpoints: Sequence[CheckpointFacts]) -> Iterable[TensorSeries]:
    """Yield each tensor that occurs, over all checkpoints."""
    steps = tuple(facts.training.step for facts in checkpoints)
    tables = [{tensor.name: tensor for tensor in facts.tensors} for facts in checkpoints]
    for name in dict.fromkeys(name for table in tables for name in table):
        yield one_series(name, steps, [table.get(name) for table in tables])


def one_series(
    name: str, steps: tuple[int | None, ...], found: Sequence[TensorStats | None]
) -> TensorSeries:
    """Join the statistics of one tensor."""
    bad = [tensor.num_nonfinite if tensor else 0 for tensor in found]
    turned = next((i for i, count in enumerate(bad) if count), None)
    good = [i for i in range(turned or 0) if found[i] is not None]
    return TensorSeries(
        name=name,
        role=next(tensor.role for tensor in found if tensor),
        steps=steps,
        l2=tuple(tensor.l2 if tensor else None for tensor in found),
        num_nonfinite=tuple(bad),
        last_good_step=steps[good[-1]] if good else None,
        first_bad_step=None if turned is None else steps[turned],
    )


def badness(series: TensorSeries) -> tuple[float, float]:
    """Sort key: tensors that turned bad first, then by how much their norm grew."""
    first = next((i for i, count in enumerate(series.num_nonfinite) if count), None)
    norms = [norm for norm in series.l2 if norm]
    growth = max(norms) / min(norms) if norms else 1.0
    return (float("inf") if first is None else first, -growth)
