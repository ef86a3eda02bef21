"""The labelled series that patterns.py and forecast.py measure on; nothing is judged here."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "signals")]

import curves  # noqa: E402

from nandoctor.evidence import MetricHistory, metric_history  # noqa: E402

NAMES = ("healthy", "spike", "exponential", "oscillating")
METRICS = {"loss": "loss", "grad_norm": "grad_norm", "lr": "lr", "scale": "loss_scale"}


@dataclass(frozen=True)
class Labelled:
    """One series with its truth.

    Args:
        source: logs, runs, samples or curves.
        label: The pattern that leads; ``allowed`` holds what else may pass.
        onset: Step of the onset, None where it is not labelled.
        crash: Step of the crash, None where it did not crash.
        lead: Steps from the first sign to the crash, with hindsight.
        first_sign: Step of that sign.
        cause: What was done to it.
        is_healthy: Nothing was done to it and it ended well.
    """

    source: str
    name: str
    history: MetricHistory
    label: str
    allowed: tuple[str, ...]
    is_ambiguous: bool
    onset: int | None = None
    crash: int | None = None
    lead: int | None = None
    first_sign: int | None = None
    cause: str = "none"
    is_healthy: bool = False


def number(cell: Any) -> float | None:
    """Return a cell as a number, None where it is empty."""
    return None if cell in (None, "") else float(cell)


def of_csv(path: Path) -> MetricHistory:
    """Read a metrics.csv of runs/ or sample_checkpoints/."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    names = {key: METRICS.get(key, key) for key in rows[0] if key != "step"}
    columns = {name: [number(row[key]) for row in rows] for key, name in names.items()}
    return metric_history([int(float(row["step"])) for row in rows], **columns)


def of_logs(data: Path) -> Iterator[Labelled]:
    """Yield the labelled real logs, as the corpus says that they read."""
    index = {}
    for line in (data / "logs" / "index.jsonl").open():
        row = json.loads(line)
        index[row["file"]] = row
    for line in (data / "logs" / "series.jsonl").open():
        row, truth = json.loads(line), index[json.loads(line)["file"]]
        steps = row["step"]
        if any(step is None for step in steps):
            steps = range(1, len(steps) + 1)
        segment = None
        if row["segments"] > 1:
            segment = np.concatenate([[0], np.cumsum(np.diff(steps) <= 0)])
        columns = {
            name: [number(cell) for cell in row[name]]
            for name in ("loss", "grad_norm", "lr") if row[name] is not None
        }  # fmt: skip
        also = [name for name in NAMES if name in str(truth.get("alt") or "")[:30]]
        yield Labelled(
            "logs", row["file"], metric_history(list(steps), segment=segment, **columns),
            truth["pattern"], (truth["pattern"], *also), bool(truth.get("ambiguous")),
            truth["onset_step"], is_healthy=truth["pattern"] == "healthy",
        )  # fmt: skip


def of_runs(data: Path) -> Iterator[Labelled]:
    """Yield the small real runs."""
    for path in sorted((data / "runs").glob("*/truth.json")):
        truth = json.loads(path.read_text())
        if truth["exclude"]:
            continue
        crash = truth["crash_step"] if truth["crashed"] else None
        yield Labelled(
            "runs", truth["name"], of_csv(path.with_name("metrics.csv")), truth["pattern"],
            tuple(truth["pattern_ok"]), truth["ambiguous"] or len(truth["pattern_ok"]) > 1,
            truth["onset_step"], crash, truth["lead"], truth["first_sign_step"], truth["cause"],
            is_healthy=truth["group"] == "healthy",
        )  # fmt: skip


def of_project() -> Iterator[Labelled]:
    """Yield our own: the sample runs with the pattern of their table, and the tests' curves."""
    for line in (ROOT / "sample_checkpoints" / "README.md").read_text().splitlines():
        cells = [cell.strip(" `") for cell in line.split("|")]
        if len(cells) != 6 or not (ROOT / "sample_checkpoints" / cells[1]).is_dir():
            continue
        pattern = cells[4].split(",")[0]
        history = of_csv(ROOT / "sample_checkpoints" / cells[1] / "metrics.csv")
        yield Labelled(
            "samples", cells[1], history, pattern, (pattern,), False,
            is_healthy=cells[1].startswith("healthy"), cause=cells[1],
        )  # fmt: skip
    for curve in (*curves.healthy_curves(), *curves.exploded_curves()):
        loss = curve.history.columns["loss"].values
        bad = np.flatnonzero(~np.isfinite(loss))
        crash = int(curve.history.step[bad[0]]) if len(bad) else None
        lead = crash - curve.onset if crash is not None and curve.onset is not None else None
        yield Labelled(
            "curves", curve.name, curve.history, curve.pattern, (curve.pattern,), False,
            curve.onset, crash, lead, curve.onset, curve.name,
            is_healthy=curve.pattern == "healthy",
        )  # fmt: skip


def all_series(data: Path) -> list[Labelled]:
    """Return our own series and, where DIR is there, the logs and the runs."""
    series = list(of_project())
    if (data / "logs" / "series.jsonl").is_file():
        series += of_logs(data)
    if (data / "runs").is_dir():
        series += of_runs(data)
    return series
