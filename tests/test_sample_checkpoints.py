"""The shipped runs are complete, loadable and replay to what their logs say; no diagnosis here."""

from __future__ import annotations

import csv
import itertools
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1] / "sample_checkpoints"
EXPECTED = tomllib.loads((ROOT / "expected.toml").read_text(encoding="utf-8"))
RUNS = sorted(path.parent.name for path in ROOT.glob("*/replay.py"))
HEALTHY = [name for name, run in EXPECTED.items() if "cause" not in run]
NAN_LOSS = [name for name, run in EXPECTED.items() if run["outcome"] == "nan"]
REQUIRED_KEYS = {
    "step", "model_state", "optimizer_state", "scheduler_state", "rng_state", "loss_history",
    "grad_norm_history", "precision", "lr", "accumulation_steps", "max_grad_norm",
}  # fmt: skip


@pytest.fixture(scope="module")
def trainer() -> Any:
    """The training loop of the samples, imported as make.py does."""
    sys.path.insert(0, str(ROOT))
    try:
        import trainer

        yield trainer
    finally:
        sys.path.remove(str(ROOT))


def load(run: str, pattern: str) -> Any:
    """Load the one file of a run that matches."""
    (path,) = (ROOT / run).glob(pattern)
    return torch.load(path, weights_only=True)


def log(run: str) -> list[dict[str, float]]:
    """Read a run's metrics."""
    with (ROOT / run / "metrics.csv").open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def replay(code: ModuleType, checkpoint: dict[str, Any], batch: Any) -> tuple[float, float]:
    """Run one forward and backward in plain torch; return loss and gradient norm."""
    model = code.build_model()
    model.load_state_dict(checkpoint["model_state"])
    scale = checkpoint.get("scaler_state", {}).get("scale", 1.0)
    with torch.random.fork_rng():
        torch.set_rng_state(checkpoint["rng_state"]["torch"])
        loss = code.compute_loss(model, batch)
    (loss * scale).backward()
    gradients = [p.grad / scale for p in model.parameters() if p.grad is not None]
    return loss.item(), torch.stack([g.norm() for g in gradients]).norm().item()


def test_runs_and_expectations_name_the_same_directories() -> None:
    """Every run has an expectation and the other way round, and two die late."""
    assert sorted(EXPECTED) == RUNS
    late = [run for run in RUNS if "cause" in EXPECTED[run] and load(run, "debug*")["step"] > 1000]
    assert len(late) >= 2


def test_readme_table_names_every_run_and_cause() -> None:
    """The table is complete."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    for run, expected in EXPECTED.items():
        (row,) = [line for line in lines if line.startswith(f"| `{run}`")]
        assert f"`{expected['cause']}`" in row.split("|")[3] if "cause" in expected else "nothing"
        assert expected["pattern"] in row.split("|")[4]


def test_samples_stay_below_ten_megabytes() -> None:
    """The folder fits in git."""
    size = sum(path.stat().st_size for path in ROOT.rglob("*") if "__pycache__" not in path.parts)
    assert size < 10_000_000


@pytest.mark.parametrize("run", RUNS)
def test_run_directory_holds_what_a_user_has(run: str) -> None:
    """Log, two checkpoints, batch and replay file, and nothing else."""
    names = sorted(path.name for path in (ROOT / run).iterdir() if path.name != "__pycache__")
    debug, good = load(run, "debug_checkpoint_step_*.pt"), load(run, "last_good_step_*.pt")
    assert names == [
        "batch.pt", f"debug_checkpoint_step_{debug['step']}.pt",
        f"last_good_step_{good['step']}.pt", "metrics.csv", "replay.py",
    ]  # fmt: skip
    for checkpoint in (debug, good):
        assert checkpoint.keys() >= REQUIRED_KEYS
        assert ("scaler_state" in checkpoint) == (checkpoint["precision"] == "fp16_amp")
    assert good["step"] < debug["step"]


@pytest.mark.parametrize("run", RUNS)
def test_no_file_of_a_run_names_what_is_wrong(run: str) -> None:
    """Neither code nor checkpoint holds the cause, the run's name or a word of injection."""
    words = {run, EXPECTED[run].get("cause", "healthy"), "inject", "fault", "corrupt", "truth"}
    # Every checkpoint has a key of this name, whatever the run.
    words -= REQUIRED_KEYS
    found = [
        (path.name, word)
        for path in (ROOT / run).iterdir()
        if path.is_file()
        for word in words
        if word.encode() in path.read_bytes().lower()
    ]
    assert found == []


@pytest.mark.parametrize("run", RUNS)
def test_histories_are_the_last_rows_of_the_log(run: str) -> None:
    """Checkpoint and log agree, up to and with the step of the checkpoint."""
    debug, rows = load(run, "debug*"), log(run)
    until = [row for row in rows if row["step"] <= debug["step"]][-100:]
    for key, name in (("loss_history", "loss"), ("grad_norm_history", "grad_norm")):
        assert repr(debug[key]) == repr([row[name] for row in until])


@pytest.mark.parametrize("run", NAN_LOSS)
def test_crashed_run_trains_first_and_ends_non_finite(run: str) -> None:
    """The checkpoint is that of the first non-finite loss."""
    bad = [row["step"] for row in log(run) if not math.isfinite(row["loss"])]
    assert bad[0] == load(run, "debug*")["step"]
    if run != "missing_warmup":
        good = load(run, "last_good*")["step"]
        before = [row["loss"] for row in log(run) if row["step"] <= good]
        assert sum(before[-20:]) < 0.4 * sum(before[:20])


@pytest.mark.parametrize("run", [r for r in RUNS if EXPECTED[r]["pattern"] == "spike"])
def test_spike_rises_from_a_quiet_curve(run: str) -> None:
    """Up to the step before the spike the loss stays within its band."""
    losses = [row["loss"] for row in log(run)]
    first = next(i for i in range(100, len(losses)) if not losses[i] < 3 * max(losses[i - 50 : i]))
    assert sum(losses[first - 20 : first]) < 20 * 1.0


@pytest.mark.parametrize("run", [r for r in RUNS if EXPECTED[r]["pattern"] == "exponential"])
def test_exponential_run_rises_step_by_step(run: str) -> None:
    """At least seven finite losses in a row each exceed the one before."""
    losses = [row["loss"] for row in log(run)]
    last = next(i for i, loss in enumerate(losses) if not math.isfinite(loss)) - 1
    assert all(
        a < b for a, b in zip(losses[last - 6 : last], losses[last - 5 : last + 1], strict=True)
    )


@pytest.mark.parametrize("run", [r for r in RUNS if EXPECTED[r]["pattern"] == "oscillating"])
def test_oscillating_run_swings_with_growing_amplitude(run: str) -> None:
    """After the onset the loss turns at most steps, each time further."""
    rows = log(run)
    losses = [r["loss"] for r in rows if r["step"] >= 420 and math.isfinite(r["loss"])]
    turns = [(b - a) * (c - b) < 0 for a, b, c in zip(losses, losses[1:], losses[2:], strict=False)]
    assert sum(turns) > 0.6 * len(turns)
    thirds = [losses[:8], losses[8:16], losses[16:24]]
    swings = [max(part) - min(part) for part in thirds]
    assert swings[0] < swings[1] < swings[2]


def test_loss_scale_collapse_halves_the_scale_while_the_loss_stays_finite() -> None:
    """The loss alone looks healthy."""
    rows = log("loss_scale_collapse")
    assert all(math.isfinite(row["loss"]) for row in rows)
    scales = [row["loss_scale"] for row in rows[-30:]]
    assert all(b == a / 2 for a, b in itertools.pairwise(scales))


@pytest.mark.parametrize("run", RUNS)
def test_replay_of_debug_checkpoint_gives_what_was_logged(run: str, trainer: Any) -> None:
    """Plain torch reproduces the loss, or that it was not finite, from files and data stream."""
    code = trainer.load_code(ROOT / run / "replay.py")
    debug, batch = load(run, "debug*"), load(run, "batch.pt")
    fresh = code.make_batch(debug["step"])
    assert batch.keys() == fresh.keys()
    assert all(torch.allclose(batch[k], fresh[k], equal_nan=True) for k in batch)
    loss, norm = replay(code, debug, batch)
    if run in NAN_LOSS:
        assert not math.isfinite(loss)
    else:
        assert loss == pytest.approx(debug["loss_history"][-1], rel=1e-3)
        assert math.isfinite(norm)


@pytest.mark.parametrize("run", [run for run in RUNS if run != "gradient_accumulation"])
def test_replay_of_last_good_step_gives_what_was_logged(run: str, trainer: Any) -> None:
    """The last good checkpoint and its data give the logged loss and gradient norm."""
    code = trainer.load_code(ROOT / run / "replay.py")
    good = load(run, "last_good*")
    (row,) = [row for row in log(run) if row["step"] == good["step"]]
    loss, norm = replay(code, good, code.make_batch(good["step"]))
    assert loss == pytest.approx(row["loss"], rel=1e-3)
    assert norm == pytest.approx(row["grad_norm"], rel=1e-2)


def test_accumulated_gradient_is_four_times_that_of_the_logged_loss(trainer: Any) -> None:
    """The loop logs the mean loss of the micro-batches and steps on the sum of their gradients."""
    run = "gradient_accumulation"
    code = trainer.load_code(ROOT / run / "replay.py")
    good = load(run, "last_good*")
    (row,) = [row for row in log(run) if row["step"] == good["step"]]
    loss, norm = replay(code, good, code.make_batch(good["step"]))
    assert loss == pytest.approx(row["loss"], rel=1e-3)
    assert row["grad_norm"] == pytest.approx(good["accumulation_steps"] * norm, rel=1e-2)


@pytest.mark.slow
def test_make_of_a_short_run_is_bit_identical(tmp_path: Path) -> None:
    """Two makes of one run write the same log, on this machine."""
    import subprocess

    for name in ("first", "second"):
        subprocess.run(
            [sys.executable, str(ROOT / "make.py"), "--output", str(tmp_path / name), "healthy"],
            check=True,
            capture_output=True,
        )
    first, second = (tmp_path / name / "healthy" for name in ("first", "second"))
    assert sorted(p.name for p in first.iterdir()) == sorted(p.name for p in second.iterdir())
    assert (first / "metrics.csv").read_bytes() == (second / "metrics.csv").read_bytes()
