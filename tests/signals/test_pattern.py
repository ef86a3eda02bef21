"""The pattern of a log: explosions named, look-alikes left alone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nandoctor.evidence import LogEvent, MetricHistory, metric_history
from nandoctor.signals import classify_history

from . import curves

SHARED = Path(__file__).resolve().parents[3] / "shared" / "logs"


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def of(*losses: float | None, **columns: object) -> MetricHistory:
    """Return a history of losses at steps 0, 1, ..."""
    return metric_history(range(len(losses)), loss=losses, **columns)


@pytest.mark.parametrize(("text", "pattern"), curves.TEXTBOOK)
def test_classify_textbook_series_names_the_pattern(text: str, pattern: str) -> None:
    """The six textbook series come out right, with the step of the NaN."""
    losses = curves.numbers(text)
    found = classify_history(of(*losses))
    assert (found.pattern, found.outcome) == (pattern, "nan")
    assert found.first_nonfinite_step == len(losses) - 1
    assert found.onset_step is not None
    assert 0.5 < found.confidence <= 1.0


@pytest.mark.parametrize(("text", "pattern"), curves.TEXTBOOK)
def test_classify_textbook_series_cut_before_the_nan_names_the_same(
    text: str, pattern: str
) -> None:
    """The pattern is seen before the NaN is logged."""
    found = classify_history(of(*curves.numbers(text)[:-1]))
    assert found.pattern == pattern
    assert found.outcome in {"ongoing", "diverged"}


@pytest.mark.parametrize("curve", curves.healthy_curves(), ids=lambda curve: curve.name)
def test_classify_healthy_look_alike_stays_silent(curve: curves.Curve) -> None:
    """Noise, humps, curricula and jumps of the gradient norm are no explosion."""
    found = classify_history(curve.history)
    assert (found.pattern, found.outcome, found.onset_step) == ("healthy", "healthy", None)


@pytest.mark.parametrize("curve", curves.exploded_curves(), ids=lambda curve: curve.name)
def test_classify_exploded_run_names_pattern_and_onset(curve: curves.Curve) -> None:
    """The pattern is named and the onset lies within two points."""
    found = classify_history(curve.history)
    assert found.pattern == curve.pattern
    if curve.onset is not None:
        assert found.onset_step is not None
        assert abs(found.onset_step - curve.onset) <= 2


def test_classify_nan_at_the_first_point_is_a_spike() -> None:
    """Without a history the failure is a spike at its own step."""
    found = classify_history(of(np.nan, np.nan))
    assert (found.pattern, found.outcome, found.onset_step) == ("spike", "nan", 0)


def test_classify_inf_is_told_from_nan() -> None:
    """The outcome names what came first."""
    assert classify_history(of(2.0, 1.9, np.inf, np.nan)).outcome == "inf"


def test_classify_recovered_spike_keeps_its_first_step() -> None:
    """An excursion that came back is a spike, its onset where it began."""
    losses = curves.falling(300, 4.0, 2.5, 0.01)
    losses[200:206] = [4.4, 4.2, 3.9, 3.5, 3.1, 2.8]
    found = classify_history(of(*losses))
    assert (found.pattern, found.outcome, found.onset_step) == ("spike", "recovered", 200)


def test_classify_isolated_nan_is_recovered() -> None:
    """One NaN in a loss that goes on is a spike from which the run recovered."""
    losses = curves.falling(60, 4.0, 2.5, 0.01)
    losses[30] = np.nan
    found = classify_history(of(*losses))
    assert (found.pattern, found.outcome) == ("spike", "recovered")
    assert found.onset_step == found.first_nonfinite_step == 30


def test_classify_unlogged_cells_are_no_fault() -> None:
    """A loss that is not logged in some rows is not missing."""
    losses = [None if i % 3 else 3.0 - 0.01 * i for i in range(90)]
    assert classify_history(of(*losses)).pattern == "healthy"


def test_classify_two_runs_in_one_file_judges_each_and_the_worst_leads() -> None:
    """A restart at the start value is no spike; the segment that died leads."""
    first, second = curves.falling(50, 9.0, 3.0, 0.01), [9.0, 8.0, np.nan]
    steps = [*range(50), *range(3)]
    segment = [0] * 50 + [1] * 3
    found = classify_history(metric_history(steps, loss=[*first, *second], segment=segment))
    assert [s.outcome for s in found.segments] == ["healthy", "nan"]
    assert (found.outcome, found.onset_step) == ("nan", 2)


def test_classify_sparse_log_says_what_its_interval_hides() -> None:
    """A log of every fiftieth step cannot tell a climb from a spike, and says so."""
    losses = [2.3, 2.2, 2.1, 2.1, 900.0, np.nan]
    found = classify_history(metric_history(range(0, 300, 50), loss=losses))
    assert any("every 50 steps" in sentence for sentence in found.evidence)


def test_classify_abort_line_after_the_last_loss_counts_as_nan() -> None:
    """A run whose log ends in a non-finite abort died of it, though no NaN was printed."""
    losses = [0.114, 0.0992, 0.11, 0.0987]
    history = metric_history(range(4), loss=losses, line=range(1, 5))
    event = LogEvent("nonfinite_loss", 5, "Tensor had NaN values")
    assert classify_history(history, events=[event]).outcome == "nan"
    early = LogEvent("nonfinite_loss", 2, "Tensor had NaN values")
    assert classify_history(history, events=[early]).outcome == "healthy"


def test_classify_abort_line_after_a_nan_counts_only_what_was_logged() -> None:
    """The NaN that an abort line tells of is no logged loss."""
    history = metric_history([1, 2], loss=[2.3, float("nan")], line=[1, 2])
    abort = LogEvent("nonfinite_loss", 3, "RuntimeError: Loss is NaN")
    found = classify_history(history, events=[abort])
    assert any("1 of 2 logged losses" in sentence for sentence in found.evidence)


def test_classify_loss_lost_at_once_is_no_level_of_its_own() -> None:
    """A loss that leaves its first value by twenty orders of magnitude and stays there diverged."""
    steps = np.arange(200)
    loss = np.concatenate([[2.4e5], 1e26 * np.exp(-0.08 * steps)])
    found = classify_history(curves.of(loss))
    assert (found.pattern, found.outcome, found.onset_step) == ("spike", "diverged", 1)


def test_classify_low_first_loss_that_the_run_learns_from_is_healthy() -> None:
    """A low first loss may be luck, and a jump that is nearly undone is learning."""
    lucky = np.concatenate([[0.5], curves.falling(200, 5e4, 500.0, 0.3)])
    undone = np.concatenate([[1.1], 1e22 * np.exp(-0.25 * np.arange(200))])
    assert classify_history(curves.of(lucky)).pattern == "healthy"
    assert classify_history(curves.of(undone)).pattern == "healthy"


def test_classify_loss_thrown_back_to_its_start_diverged_though_it_is_no_higher() -> None:
    """A jump of the rate may undo at once all that was learnt, for good."""
    rng = np.random.default_rng(0)
    learnt = 0.3 - 0.9 / (1 + np.exp(-(np.arange(500) - 200) / 40))
    loss = np.concatenate([learnt, [1.6, 1.1], np.full(300, 0.4)])
    found = classify_history(curves.of(loss + 0.1 * rng.standard_normal(802)))
    assert (found.pattern, found.outcome) == ("spike", "diverged")
    assert abs((found.onset_step or 0) - 500) <= 1


def test_classify_task_as_hard_as_the_first_that_is_learnt_is_healthy() -> None:
    """A second task begins where the first began, and the loss falls again."""
    tasks = [curves.falling(400, 1.8, 1.0, 0.05, seed) for seed in range(2)]
    assert classify_history(curves.of(np.concatenate(tasks))).pattern == "healthy"


def test_classify_growing_waves_are_oscillating_though_the_log_ends_in_a_trough() -> None:
    """Momentum above one swings wider and wider; between two waves the loss is where it began."""
    rng, steps = np.random.default_rng(0), np.arange(200)
    waves = 0.5 + 0.02 * np.exp(0.04 * steps) * (1 - np.cos(2 * np.pi * steps / 40))
    found = classify_history(curves.of(waves * np.exp(0.1 * rng.standard_normal(200))))
    assert (found.pattern, found.outcome) == ("oscillating", "diverged")


def test_classify_harder_and_harder_tasks_are_no_waves() -> None:
    """Each new task lifts the loss in one step, higher than the task before, and is learnt."""
    tasks = [curves.falling(60, 2.0 * 2**i, 0.5, 0.1, i) for i in range(4)]
    assert classify_history(curves.of(np.concatenate(tasks))).pattern != "oscillating"


def test_classify_loss_that_begins_at_zero_may_rise() -> None:
    """The divergence of a model from a copy of itself begins at zero and grows as it learns."""
    rise = 0.03 * (1 - np.exp(-np.arange(300) / 80))
    rng = np.random.default_rng(0)
    found = classify_history(curves.of(rise * np.exp(0.3 * rng.standard_normal(300))))
    assert found.pattern == "healthy"
    ill = np.concatenate([rise, 0.03 * np.exp(0.5 * np.arange(40)), [np.nan] * 3])
    assert classify_history(curves.of(ill)).pattern == "exponential"


def test_classify_jump_out_of_loud_noise_begins_where_it_jumps() -> None:
    """Noisy points just before a jump by orders of magnitude are no foot of it."""
    loss = curves.falling(120, 1.0, 0.5, 0.6, 3)
    loss[-2:] = 1.6, 1.1
    found = classify_history(curves.of(np.concatenate([loss, [1.4e5, 5.9e7, np.inf]])))
    assert (found.pattern, found.onset_step) == ("spike", 120)


def test_classify_million_rows_takes_seconds() -> None:
    """Heavy noise in a long log is neither slow nor an explosion."""
    noise = np.exp(0.8 * np.random.default_rng(0).standard_normal(1_000_000))
    start = time.process_time()
    history = MetricHistory(
        np.arange(len(noise)),
        {"loss": curves.column(noise)},
        np.zeros(len(noise), np.int64),
        np.zeros(len(noise), np.int32),
    )
    assert classify_history(history).pattern == "healthy"
    assert time.process_time() - start < 10.0


@pytest.mark.skipif(not SHARED.is_dir(), reason="the labelled logs are not beside the project")
def test_classify_labelled_logs_reaches_the_promised_share() -> None:
    """Nine in ten clear real logs are named right, and next to no healthy one is called ill."""
    index = {row["file"]: row for row in rows_of(SHARED / "index.jsonl")}
    right, healthy_wrong, total, healthy = 0, 0, 0, 0
    for row in rows_of(SHARED / "series.jsonl"):
        truth = index[row["file"]]
        if truth.get("ambiguous") or row["segments"] > 1:
            continue
        losses = [None if v is None else float(v) for v in row["loss"]]
        found = classify_history(metric_history(range(len(losses)), loss=losses)).pattern
        total += 1
        right += found == truth["pattern"]
        healthy += truth["pattern"] == "healthy"
        healthy_wrong += truth["pattern"] == "healthy" != found
    assert right >= 0.9 * total
    assert healthy_wrong <= 0.02 * healthy


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.none() | st.floats() | st.floats(0.1, 10.0), max_size=80),
    st.lists(st.none() | st.floats() | st.floats(0.1, 10.0), max_size=80),
)
def test_classify_any_numbers_give_a_consistent_answer(
    losses: list[float | None], norms: list[float | None]
) -> None:
    """Absurd numbers raise nothing; what is said lies on steps that were logged."""
    count = min(len(losses), len(norms))
    history = metric_history(range(count), loss=losses[:count], grad_norm=norms[:count])
    found = classify_history(history)
    assert 0.0 <= found.confidence <= 1.0
    assert (found.pattern == "healthy") == (found.outcome == "healthy")
    for step in (found.onset_step, found.first_nonfinite_step, found.hidden_nan_step):
        assert step is None or 0 <= step < count
