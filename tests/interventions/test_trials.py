"""How trials are chosen, ordered, budgeted and judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from nandoctor.errors import NandoctorError
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions import run_trials
from nandoctor.target import ReplayTarget
from tests.interventions.faults import (
    INF,
    CheckpointedExp,
    Scaled,
    exponential,
    facts_for,
    rows,
    simple,
    step_of,
    with_row,
)

LOG = simple("log", lambda h: h.log().mean(), "log", with_row(0.0), samples=(1,))


def outcomes(fault: Any, **options: Any) -> dict[str, str]:
    trials = run_trials(fault.target, fault.facts, **options)
    return {trial.intervention: trial.outcome for trial in trials}


def test_run_trials_without_a_fault_runs_nothing() -> None:
    """A step that is finite needs no cure."""
    assert run_trials(LOG.target, ReplayFacts(False, None, 1.0)) == ()


def test_run_trials_unknown_id_is_one_error() -> None:
    """A misspelt id is named, with the ids that exist."""
    with pytest.raises(NandoctorError, match="unknown intervention: epsilon") as caught:
        run_trials(LOG.target, LOG.facts, only=["epsilon"])
    assert "drop_samples" in caught.value.hint


def test_run_trials_hiding_cure_runs_on_request_only_and_is_marked() -> None:
    """nan_to_num is no cure: it is left out, or marked as hiding."""
    assert "nan_to_num" not in outcomes(LOG)
    asked = run_trials(LOG.target, LOG.facts, include_hiding=True)
    hidden = next(trial for trial in asked if trial.intervention == "nan_to_num")
    assert hidden.hides
    assert hidden.outcome == "fixed"


def test_run_trials_spent_budget_says_what_was_not_run() -> None:
    """The first trial always runs; the rest name the budget."""
    trials = run_trials(LOG.target, LOG.facts, budget_seconds=0.0)
    assert trials[0].outcome in ("fixed", "not_fixed")
    assert "budget of 0 s" in trials[1].detail


def test_run_trials_reports_near_misses_but_no_wall_of_them() -> None:
    """Missing old weights and data stream are said; what has nothing to do with it is not."""
    refused = [name for name, outcome in outcomes(LOG).items() if outcome == "not_applicable"]
    assert refused == ["other_batch", "old_weights"]


def test_run_trials_progress_names_each_trial() -> None:
    """The callback hears titles and fractions that grow."""
    heard: list[tuple[str, float]] = []
    run_trials(LOG.target, LOG.facts, progress=lambda text, done: heard.append((text, done)))
    assert heard[0][0].startswith("trying: ")
    assert [done for _, done in heard] == sorted(done for _, done in heard)


def test_run_trials_error_in_a_changed_step_is_a_failed_trial() -> None:
    """What the changed step raises belongs to its trial and stops nothing."""

    def loss(model: torch.nn.Module, batch: Any) -> torch.Tensor:
        if len(batch[0]) != 4:
            raise ValueError("four samples, please")
        return model(*batch)

    trials = run_trials(replace(LOG.target, compute_loss=loss), LOG.facts)
    failed = {trial.intervention: trial.detail for trial in trials if trial.outcome == "failed"}
    assert failed == {"drop_samples": "ValueError: four samples, please"}


def test_drop_samples_with_every_sample_bad_is_refused_with_the_reason() -> None:
    """A batch of nothing proves nothing."""
    every = simple("log", lambda h: h.log().mean(), "log", rows() * 0, samples=(0, 1, 2, 3))
    trials = run_trials(every.target, every.facts)
    reason = next(t.detail for t in trials if t.intervention == "drop_samples")
    assert reason == "every sample of the batch carries the origin"


def test_eps_leaves_a_negative_logarithm_alone() -> None:
    """An eps is no cure for a negative argument; a clamp is."""
    negative = simple("log", lambda h: h.log().mean(), "log", with_row(-0.5))
    found = outcomes(negative)
    assert found["eps"] == "not_fixed"
    assert found["clamp"] == "fixed"


def test_eps_on_the_guilty_line_only_leaves_another_line_ill() -> None:
    """Two singular lines in two functions: an eps at the first alone is not called a fix."""

    def other(h: torch.Tensor) -> torch.Tensor:
        return (1 / h).sum()

    two = simple("log", lambda h: h.log().mean() + other(h), "log", with_row(0.0))
    assert outcomes(two)["eps"] == "not_fixed"


def test_eps_in_a_function_with_two_singular_lines_covers_both() -> None:
    """One variable that is used twice needs its eps in both places, and the detail says so."""

    def likelihood(h: torch.Tensor) -> torch.Tensor:
        quotient = (1 / h).mean()
        return quotient + h.log().mean()

    fault = simple("nll", likelihood, "log", with_row(0.0))
    trial = next(t for t in run_trials(fault.target, fault.facts) if t.intervention == "eps")
    assert trial.outcome == "fixed"
    assert "in the function" in trial.detail


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_clamp_inside_an_activation_checkpoint_holds_in_the_backward(use_reentrant: bool) -> None:
    """The recomputation sees the clamp too."""
    torch.manual_seed(0)
    target = step_of(CheckpointedExp(use_reentrant), rows())
    trials = run_trials(target, facts_for(exponential, "exp"), only=["clamp"])
    assert trials[0].outcome == "fixed"


def test_clamp_leaves_an_operand_that_is_infinite_already() -> None:
    """0 * inf is no overflow: bounding the operands would only hide where the inf came from."""
    masked = simple("product", lambda h, m: (h.detach() * m * h).sum(), "mul", with_row(0.0),
                    rest=(torch.full((3,), -INF),))  # fmt: skip
    assert outcomes(masked)["clamp"] == "not_fixed"


def test_fp64_keeps_a_cast_to_float32_that_the_code_makes() -> None:
    """What the code itself runs in float32 overflows there whatever the model's type."""
    cast = simple("exp", lambda h: h.float().exp().mean(), "exp", with_row(100.0))
    free = simple("exp", lambda h: h.exp().mean(), "exp", with_row(100.0))
    assert outcomes(cast)["fp64"] == "not_fixed"
    assert outcomes(free)["fp64"] == "fixed"


def test_fp32_reaches_an_autocast_region_that_the_loss_enters_itself() -> None:
    """Autocast inside compute_loss is found and switched off, and it is whole afterwards."""
    model = Scaled(lambda h: (h @ h.T).float().mean(), 3)

    def loss(m: torch.nn.Module, batch: Any) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.float16):
            return m(*batch)

    target = ReplayTarget(model, (rows() * 1000,), loss)
    found = {t.intervention: t.outcome for t in run_trials(target, facts_for(model.function, "mm"))}
    assert [found[name] for name in ("fp32", "bf16", "no_autocast")] == ["fixed"] * 3


def test_other_seed_without_random_numbers_says_so() -> None:
    """A step that draws nothing cannot hang on the seed."""
    trials = run_trials(LOG.target, LOG.facts, only=["other_seed"])
    assert trials[0].detail == "the step draws no random numbers"


def test_safe_where_uses_the_nearest_mask_of_each_call() -> None:
    """A residual network calls the guilty op once a block; each call has its own mask."""

    def elu(x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, x, torch.exp(x * 200) - 1)

    def blocks(h: torch.Tensor) -> torch.Tensor:
        for _ in range(3):
            h = h + elu(h)
        return h.mean()

    fault = simple("elu", blocks, "exp", rows(), phase="backward")
    facts = facts_for(elu, "exp", phase="backward")
    trials = run_trials(fault.target, facts, only=["safe_where"])
    assert trials[0].outcome == "fixed"


def test_reset_param_without_a_good_checkpoint_heals_the_bad_element_only() -> None:
    """The damaged weight gets the median of its tensor, and the trial names the tensor."""
    model = torch.nn.Linear(3, 2)
    with torch.no_grad():
        model.weight[1, 2] = float("nan")
    target = ReplayTarget(model, rows(), lambda m, b: m(b).square().mean())
    trials = run_trials(target, facts_for(None, "addmm", phase="parameters"))
    trial = next(t for t in trials if t.intervention == "reset_param")
    assert (trial.outcome, trial.detail) == ("fixed", "weight")


def test_old_weights_that_do_not_fit_are_refused_with_the_count() -> None:
    """A checkpoint of another model is no evidence."""
    target = replace(LOG.target, last_good={"weight": torch.ones(5)})
    trials = run_trials(target, LOG.facts)
    trial = next(t for t in trials if t.intervention == "old_weights")
    assert trial.detail == "the last good checkpoint fits 0 of 1 tensors"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_no_compile_of_a_backend_that_miscompiles_is_fixed() -> None:
    """The same module without its generated code is finite."""

    def miscompiled(graph: Any, inputs: Any) -> Any:
        return lambda *args: tuple(out * float("nan") for out in graph(*args))

    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 1))
    model[0].compile(backend=miscompiled)
    target = ReplayTarget(model, rows(), lambda m, b: m(b).square().mean())
    trials = run_trials(target, facts_for(None, "mul"), only=["no_compile"])
    assert trials[0].outcome == "fixed"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_other_device_of_a_step_on_the_cpu_runs_on_the_gpu() -> None:
    """The same fault on the other device says that no kernel is to blame; nothing stays there."""
    trials = run_trials(LOG.target, LOG.facts, only=["other_device"])
    assert (trials[0].outcome, trials[0].detail) == ("not_fixed", "on cuda")
    assert next(LOG.target.model.parameters()).device.type == "cpu"
