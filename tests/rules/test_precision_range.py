"""The ranges of a 16-bit run: when it is a warning, what is said, and weights on their way up."""

from __future__ import annotations

import pytest

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding
from nandoctor.rules.precision_range import check
from nandoctor.signals import ranges_of, steps_to_limit
from rules.examples.precision import grown, ranged


def only(evidence: Evidence) -> Finding:
    """Return the one finding."""
    (found,) = check(evidence)
    return found


def test_overflow_in_a_failing_fp16_step_is_a_warning_that_names_the_module_and_its_cure() -> None:
    """One and a half bits too large, and what to keep in fp32."""
    found = only(ranged(-1.5, phase="forward"))
    assert (found.severity, found.where, found.is_cause) == ("warning", "block.mlp", False)
    assert "1 of 1 modules overflow, block.mlp by 1.5 bits" in found.message
    assert "bf16: none overflows" in found.message
    assert [item.value for item in found.prescriptions] == ["block.mlp"]
    assert found.evidence[0].endswith("1.5 bits above fp16's maximum")


@pytest.mark.parametrize(
    "evidence",
    [ranged(-1.5), ranged(2.0), ranged(lost=0.9, share_lost=0.01),
     ranged(share_lost=0.9, scale=None), ranged(-1.5, dtype="bfloat16", phase="forward")],
    ids=["step is finite", "room left", "scale keeps them", "no scale recorded", "bf16 run"],
)  # fmt: skip
def test_what_does_no_harm_is_a_note(evidence: Evidence) -> None:
    """An Inf that reaches nothing, gradients that the scale saves, and a run in bf16."""
    assert only(evidence).severity == "note"


def test_gradients_lost_at_the_recorded_scale_are_a_warning_with_the_scale_that_keeps_them() -> (
    None
):
    """A third of them at 1024; 99 % are above 2e-9, so 16 would do."""
    found = only(ranged(lost=0.6, share_lost=0.33))
    assert found.severity == "warning"
    assert (
        "at the recorded loss scale of 1024 fp16 turns 33 % of the gradients to 0" in found.evidence
    )
    assert "a loss scale of 16 keeps 99 % of each" in found.evidence


def test_scale_needed_is_the_smallest_power_of_two_that_keeps_the_low_end() -> None:
    """Half of it loses them; beyond fp16's maximum there is none."""
    ranges = ranges_of(ranged(lost=0.6).replay.headroom)  # type: ignore[union-attr]
    assert ranges is not None and ranges.scale_needed == 16.0
    assert 2e-9 * 16 > 2**-25 >= 2e-9 * 8


def test_weight_that_grows_towards_the_limit_of_fp16_is_said_with_the_steps_left() -> None:
    """From 20,000 to 30,000 in 100 steps: 355 more."""
    found = only(grown(20_000.0, 30_000.0))
    assert found.severity == "note" and found.where == "head.weight"
    assert "in about 355 steps" in found.message


@pytest.mark.parametrize(
    "evidence",
    [grown(20_000.0, 20_010.0), grown(30_000.0, 20_000.0), grown(2.0, 3.0),
     grown(20_000.0, 30_000.0, "bf16_amp"), grown(20_000.0, 70_000.0)],
    ids=["too slow", "shrinks", "far away", "bf16", "already beyond"],
)  # fmt: skip
def test_weight_that_does_not_get_there_is_not_mentioned(evidence: Evidence) -> None:
    """Silent where the limit is more than ten intervals away, or is no limit."""
    assert check(evidence) == ()


def test_steps_to_limit_needs_an_interval() -> None:
    """Two checkpoints of the same step tell no growth."""
    assert steps_to_limit(1.0, 2.0, 0) is None
    assert steps_to_limit(1.0, 2.0, 10, limit=4.0) == 20.0
