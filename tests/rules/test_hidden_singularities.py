"""Divisions, logarithms and powers that stand inside ops of another name, or look like a norm."""

import math
from dataclasses import replace

import pytest

from nandoctor.rules import run_rules
from nandoctor.rules.site import site_of
from rules.examples.made import failed, operand

INF = math.inf


def leading(evidence):
    """Return the cause of the best op finding."""
    findings = [f for f in run_rules(evidence) if f.code.startswith(("ND1", "ND5"))]
    return max(findings, key=lambda f: f.score).cause if findings else None


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        (failed("linalg_inv_ex", operand(0.0)), "division_by_zero"),
        (failed("_linalg_eigh", operand(0.0), phase="backward"), "division_by_zero"),
        (failed("_linalg_svd", operand(0.0), phase="backward"), "division_by_zero"),
        (failed("_weight_norm_interface", operand(0.0), operand(0.0)), "division_by_zero"),
        (failed("div", operand(2.0), arguments={"other": 0.0}, outputs=(INF,)), "division_by_zero"),
        (failed("_linalg_slogdet", operand(0.0), outputs=(-INF,)), "log_of_zero"),
        (failed("xlogy", operand(0.4), operand(0.0), outputs=(-INF,)), "log_of_zero"),
        (failed("nll_loss_forward", operand(-INF), outputs=(INF,)), "log_of_zero"),
    ],
)  # fmt: skip
def test_singularity_inside_an_op_is_named(evidence, cause):
    """What the op divides by, or takes the logarithm of, is zero."""
    assert leading(evidence) == cause


@pytest.mark.parametrize(
    "evidence",
    [
        failed("_linalg_svd", operand(1.0)),
        failed("_weight_norm_interface", operand(1.0), operand(1.0)),
        failed("xlogy", operand(0.4), operand(2.0)),
        failed("nll_loss_forward", operand(-3.0)),
        failed("div", operand(2.0), arguments={"other": 2.0}),
    ],
)
def test_op_away_from_its_singularity_is_not_accused(evidence):
    """A NaN of another origin does not make a division or logarithm of zero."""
    assert leading(evidence) not in ("division_by_zero", "log_of_zero")


@pytest.mark.parametrize(
    ("makers", "cause"),
    [(("rsub", "gather", "_softmax"), "pow_at_zero"), (("sum", "mul"), "norm_at_zero")],
)
def test_power_one_half_is_a_norm_only_of_a_sum(makers, cause):
    """(1 - p) ** 0.5 of a focal loss is no norm."""
    base = operand(0.0, made_by=makers)
    assert leading(failed("pow", base, phase="backward", arguments={"exponent": 0.5})) == cause


def test_site_of_a_gradient_in_the_forward_pass_reads_the_forward_op():
    """A loss that takes a gradient fails in forward, at what is undone."""
    evidence = failed("sqrt", operand(0.0), phase="backward")
    assert evidence.replay is not None
    assert evidence.replay.origin is not None
    origin = replace(evidence.replay.origin, phase="forward")
    site = site_of(replace(evidence, replay=replace(evidence.replay, origin=origin)))
    assert site is not None
    assert (site.op, site.is_backward) == ("sqrt", True)
