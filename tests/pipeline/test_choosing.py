"""Which checkpoint shows the crash and which one is good: finite is not enough."""

import math
from pathlib import Path

import torch

from nandoctor.pipeline.collect import collect_run
from nandoctor.pipeline.settings import Settings


def run_with(path: Path, losses: list[float], weights: dict[int, list[float]]) -> Path:
    """Write a log and a checkpoint per step."""
    rows = "".join(f"{step},{loss}\n" for step, loss in enumerate(losses))
    (path / "metrics.csv").write_text("step,loss\n" + rows)
    for step, values in weights.items():
        torch.save(
            {"step": step, "model_state": {"a": torch.tensor(values), "b": torch.ones(2)}},
            path / f"ckpt_{step}.pt",
        )
    return path


def calm(num: int) -> list[float]:
    """Losses that fall a little."""
    return [2.0 - 0.01 * step + 0.02 * (step % 3) for step in range(num)]


def names(evidence) -> tuple[str, str | None]:
    """Return the file names of the crash and the last good checkpoint."""
    good = evidence.last_good
    return Path(evidence.crash.path).name, Path(good.path).name if good else None


def test_collect_run_with_finite_weights_after_the_onset_takes_those_before(tmp_path: Path) -> None:
    """A model that has diverged is finite, and nothing to resume from."""
    losses = calm(50) + [10.0 * 3**i for i in range(20)]
    run = run_with(tmp_path, losses, {s: [0.1, 0.2] for s in (20, 40, 60, 69)})
    assert names(collect_run(run, Settings())) == ("ckpt_69.pt", "ckpt_40.pt")


def test_collect_run_with_many_broken_checkpoints_shows_the_first_of_them(tmp_path: Path) -> None:
    """NaNs spread: the oldest broken file tells where, and the good one lies further back."""
    weights = {10: [0.1, 0.2], 20: [0.1, math.nan]}
    weights |= {step: [math.nan, math.nan] for step in range(30, 100, 10)}
    run = run_with(tmp_path, calm(20) + [math.nan] * 80, weights)
    evidence = collect_run(run, Settings())
    assert names(evidence) == ("ckpt_20.pt", "ckpt_10.pt")
    assert [tensor.num_nan for tensor in evidence.crash.tensors] == [1, 0]


def test_collect_run_with_a_recovered_spike_takes_the_newest_finite_one(tmp_path: Path) -> None:
    """What healed bars no later checkpoint."""
    losses = [*calm(40), 9.0, *calm(40)]
    run = run_with(tmp_path, losses, {s: [0.1, 0.2] for s in (20, 60, 80)})
    assert names(collect_run(run, Settings())) == ("ckpt_80.pt", "ckpt_60.pt")
