"""What stored weights and moments show: whose fault a non-finite weight is."""

from dataclasses import replace

import builders
import pytest

from nandoctor.evidence import Evidence, OpTensor, Probe, TensorStats, Trial
from nandoctor.rules import run_rules
from rules.examples.dynamics import DIVERGED
from rules.examples.made import INF, NAN, calm, failed, logged, stored_state


def bad(name: str, role: str = "parameter", **changes: object) -> TensorStats:
    """Build a tensor of 32 values with one NaN."""
    given = {"shape": (8, 4), "numel": 32, "num_nan": 1, "first_bad": (0, 3), **changes}
    return builders.tensor(name, role=role, **given)


def sound(name: str, role: str = "parameter", **changes: object) -> TensorStats:
    """Build a sound tensor of 32 values."""
    return builders.tensor(name, role=role, **{"shape": (8, 4), "numel": 32, **changes})


def causes(evidence: Evidence) -> dict[str, float]:
    """Return the best score of each cause."""
    found: dict[str, float] = {}
    for finding in run_rules(evidence):
        found[finding.cause] = max(found.get(finding.cause, 0.0), finding.score)
    return found


def stored(*tensors: TensorStats) -> Evidence:
    """Build a crash checkpoint with these tensors and three sound weights."""
    others = [sound(f"layer.{i}.weight") for i in range(3)]
    return Evidence("diagnose", checkpoints=(stored_state(*others, *tensors),))


def test_weight_with_a_bad_moment_of_its_own_is_the_optimizers_fault() -> None:
    """One NaN weight, one NaN moment of it, all other moments sound: the update made it so."""
    found = causes(stored(bad("head.weight"), bad("exp_avg.head.weight", "exp_avg")))
    assert found["optimizer_state"] > found["bad_parameter"] + 0.4


def test_weight_whose_second_moment_is_negative_is_the_optimizers_fault() -> None:
    """No gradient makes a mean of squares negative."""
    second = sound("exp_avg_sq.head.weight", "exp_avg_sq", min=-1e-3)
    found = causes(stored(bad("head.weight"), second))
    assert found["optimizer_state"] > found["bad_parameter"] + 0.4


def test_weight_with_sound_moments_is_itself_at_fault() -> None:
    """A flip in memory leaves the moments alone."""
    found = causes(stored(bad("head.weight"), sound("exp_avg.head.weight", "exp_avg")))
    assert found["bad_parameter"] >= 0.9
    assert "optimizer_state" not in found


def test_flip_that_the_good_checkpoint_holds_already_is_found_there() -> None:
    """The checkpoint was saved after the flip, and everything since was trained on it."""
    flipped = sound("head.weight", min=-1.0, max=2e19, rms_rest=0.5, absmax_index=(0, 3))
    evidence = logged(DIVERGED, onset=60, crash=68, checkpoint=stored_state(sound("head.weight")))
    evidence = replace(evidence, last_good=builders.checkpoint(tensors=(flipped,)))
    assert causes(evidence)["bad_parameter"] == 0.75


@pytest.mark.parametrize(("other", "score"), [("not_fixed", 0.75), ("fixed", 0.45)])
def test_flip_that_some_samples_pass_is_cleared_only_where_another_batch_passes_it(
    other: str, score: float
) -> None:
    """A flipped weight need not spoil every sample; another batch tells."""
    stats = {"min": -1.0, "max": 8e37, "rms_rest": 0.5, "shape": (8, 4), "numel": 32}
    read = OpTensor(builders.tensor("head.weight", **stats))
    evidence = failed("mm", read, outputs=(INF,), samples=(0, 2), fixed=("drop_samples",))
    ran = Trial("other_batch", other)  # type: ignore[arg-type]
    evidence = replace(evidence, trials=(*evidence.trials, ran))
    assert causes(evidence)["bad_parameter"] == score


@pytest.mark.parametrize(("loss", "fires"), [(0.5, True), (2e37, False)])
def test_jump_of_plain_sgd_on_an_ordinary_batch_leaves_the_weights_alone_to_blame(
    loss: float, fires: bool
) -> None:
    """The rate stood, the batch is as any other on the good weights: they changed outside."""
    curve = [*calm(90), 2e37, NAN]
    state = stored_state(sound("head.weight"), optimizer="SGD")
    evidence = logged(curve, onset=90, crash=91, lr=[0.01] * 92, checkpoint=state)
    evidence = replace(evidence, probes=(Probe(75, 1.0, 1.0), Probe(90, loss, 1.0)))
    assert ("bad_parameter" in causes(evidence)) is fires


@pytest.mark.parametrize(("changes", "score"), [({"num_nan": 1}, 0.85), ({"num_posinf": 1}, 0.25)])
def test_second_moment_that_overflowed_in_a_divergence_is_no_cause(
    changes: dict[str, int], score: float
) -> None:
    """Squares of gradients beyond 1.8e19 are infinite; NaN they are not."""
    second = sound("exp_avg_sq.head.weight", "exp_avg_sq", min=0.0, **changes)
    state = stored_state(sound("head.weight"), second)
    evidence = logged(DIVERGED, onset=60, crash=68, checkpoint=state)
    assert causes(evidence)["optimizer_state"] == score
