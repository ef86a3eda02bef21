"""Two causes that one op may have, told apart by what the op read and who read its result."""

import math
from dataclasses import replace

import builders
import pytest

from nandoctor import decision
from nandoctor.evidence import Evidence, ReplayFacts
from nandoctor.rules import run_rules
from rules.examples.made import NAN, failed, operand, stored_state, trials

INF = math.inf


def leading(evidence):
    """Return the cause of the best op finding."""
    findings = [f for f in run_rules(evidence) if f.code.startswith(("ND1", "ND2", "ND5"))]
    return max(findings, key=lambda f: f.score).cause if findings else None


def kept(op, *operands, consumers, **facts):
    """Build a forward infinity under a finite loss, read by these ops."""
    return failed(op, *operands, phase="backward", loss=1.0, consumers=consumers, **facts)


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        (failed("remainder", operand(2.0), operand(0.0)), "division_by_zero"),
        (failed("mul", operand(0.0), arguments={"other": -INF}), "zero_times_inf"),
        (failed("lgamma", operand(0.0), outputs=(INF,)), "log_of_zero"),
        (failed("sum", operand(-INF, made_by=("_log_softmax",)), outputs=(-INF,)), "log_of_zero"),
        (failed("sum", operand(-INF, INF), outputs=(NAN,)), "inf_minus_inf"),
        (failed("linalg_matrix_exp", operand(150.0), outputs=(INF,)), "exp_overflow"),
        (failed("mm", operand(2e38), outputs=(INF,), repeats=200), "cumulative_overflow"),
        (failed("mm", operand(2e38), outputs=(INF,), repeats=1), "range_overflow"),
    ],
)
def test_cause_follows_from_what_the_op_read(evidence, cause):
    """The operands, numbers written in the code among them, tell which fault it is."""
    assert leading(evidence) == cause


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        (kept("exp", operand(200.0), consumers=("f: add", "f: reciprocal")), "exp_overflow"),
        (kept("exp", operand(200.0), consumers=("f: sub", "f: where")), "where_trap"),
        (kept("exp", operand(200.0), consumers=("f: mul", "f: nan_to_num")), "where_trap"),
        (kept("div", operand(2.0), operand(0.0), consumers=("box: atan",)), "division_by_zero"),
        (kept("log", operand(-2.0), consumers=("block: mul",)), "where_trap"),
    ],
)  # fmt: skip
def test_infinity_under_a_finite_loss_was_dropped_or_used(evidence, cause):
    """1 / (1 + inf) is a value that counts, a branch that where drops is none."""
    assert leading(evidence) == cause


def test_quotient_of_no_zero_vector_before_an_arctangent_is_a_division_by_zero():
    """y / 0 points straight up; only (0, 0) has no direction."""
    path = ("box: div", "box: atan")
    vertical = failed("div", operand(2.0), operand(0.0), outputs=(INF,), path_to_loss=path)
    nowhere = failed("div", operand(0.0), operand(0.0), path_to_loss=path)
    assert leading(vertical) == "division_by_zero"
    assert leading(nowhere) == "atan2_at_origin"


def test_zero_that_fp32_does_not_avoid_is_no_matter_of_half_precision():
    """fp64 alone cures: the value is too small for fp32, too."""
    zero = operand(0.0, dtype="bfloat16")
    evidence = failed("log", zero, dtype="bfloat16", fixed=("fp64", "eps"), broken=("fp32",))
    assert leading(evidence) == "log_of_zero"
    assert leading(replace(evidence, trials=trials(("fp32",)))) == "bf16_precision"


@pytest.mark.parametrize(("samples", "is_blamed"), [((3,), False), (None, True)])
def test_large_weight_that_most_samples_pass_is_not_blamed(samples, is_blamed):
    """An overflow of one sample is not the fault of the weights that all samples share."""
    cures = ("fp32", "reset_param", *(("drop_samples",) if samples else ()))
    evidence = failed(
        "mul", operand(500.0, dtype="float16"), outputs=(INF,), dtype="float16", fixed=cures,
        samples=samples,
    )  # fmt: skip
    found = decision.confirm_all(evidence, run_rules(evidence))
    weight = next(f for f in found if f.cause == "bad_parameter")
    assert (weight.grade.name == "verified") == is_blamed
    assert is_blamed or weight.against


def updated(phase, fixed=(), harmless=(), **tensors) -> Evidence:
    """Build a replayed step that fails in the update, or does not."""
    lr = NAN if phase else 1e-3
    state = stored_state(*tensors.values(), param_groups=({"lr": lr},))
    loss = ReplayFacts(is_reproduced=phase is not None, phase=phase, loss=1.0, harmless=harmless)
    return Evidence("replay", checkpoints=(state,), replay=loss, trials=trials(fixed))


def test_rate_that_is_nan_is_named_and_proved_by_an_ordinary_one():
    """No moment is to blame for a schedule that divides by no steps."""
    evidence = updated("optimizer", ("lower_lr",))
    (found,) = (f for f in run_rules(evidence) if f.cause == "optimizer_state")
    assert found.message.startswith("lr is nan")
    assert decision.confirm(evidence, found).grade.name == "verified"


def test_moments_that_the_step_does_not_read_are_a_note():
    """The parameter is frozen: its NaN moments stay where they are."""
    moment = builders.tensor("exp_avg.old.weight", role="exp_avg", num_nan=4)
    words = "state exp_avg.old.weight: 4 NaN, reaching neither the loss nor a gradient"
    read = updated(None, moment=moment)
    unread = updated(None, harmless=(words,), moment=moment)
    assert [f.severity for f in run_rules(read) if f.cause == "optimizer_state"] == ["error"]
    assert [f.severity for f in run_rules(unread) if f.cause == "optimizer_state"] == ["note"]


def test_gradient_of_a_clamp_selects_as_where_does_and_is_no_where_trap():
    """The clamp stood before acos and dropped nothing; a mask in the same place did."""
    path = ("pose: rsqrt", "pose: where", "pose: mul")
    facts = {"phase": "backward", "loss": 1.0, "path_to_loss": path}
    clamped = failed("acos", operand(1.0, made_by=("clamp", "sum")), **facts)
    selected = failed("acos", operand(1.0, made_by=("sum",)), **facts)
    assert "where_trap" not in {f.cause for f in run_rules(clamped)}
    assert "where_trap" in {f.cause for f in run_rules(selected)}


def test_infinite_number_is_told_from_an_infinite_mask_in_the_plan():
    """A scaling of inf is to be made finite, no mask to be filled otherwise."""
    evidence = failed(
        "mul", operand(0.0), arguments={"other": INF}, fixed=("finite_mask",), broken=("fp64",)
    )
    findings = decision.confirm_all(evidence, run_rules(evidence))
    plan = decision.prescribe(evidence, findings, decision.diagnose(evidence, findings))
    assert plan[0].action == "Give the failing op a finite number"


@pytest.mark.parametrize(
    ("evidence", "is_overflow"),
    [
        (failed("log", operand(0.0, max=3.0), outputs=(-INF,)), False),
        (failed("rsqrt", operand(0.0, max=3.0), outputs=(INF,)), False),
        (failed("div", operand(2.0, max=3.0), operand(0.0, max=3.0), outputs=(INF,)), False),
        (failed("div", operand(2e38, max=2e38), operand(1e-3, max=3.0), outputs=(INF,)), True),
    ],
)
def test_pole_is_no_overflow_of_the_range(evidence, is_overflow):
    """Infinity at a pole tells nothing of the size of what was read; a quotient does."""
    assert ("range_overflow" in {f.cause for f in run_rules(evidence)}) == is_overflow
