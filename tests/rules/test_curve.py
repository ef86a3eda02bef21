"""How rules read a log that exploded."""

from nandoctor.rules import run_rules
from nandoctor.rules.curve import curve_of
from rules.examples.dynamics import BAD_BATCH, DIVERGED, SCHEDULE_REPEATS
from rules.examples.made import NAN, calm, logged


def causes(evidence) -> list[str]:  # type: ignore[no-untyped-def]
    """Return the causes found."""
    return [finding.cause for finding in run_rules(evidence) if finding.is_cause]


def test_curve_of_a_jump_from_a_settled_level_is_sudden() -> None:
    """Tenfold from one row to the next, out of the calm."""
    curve = curve_of(BAD_BATCH)
    assert curve is not None
    assert curve.is_sudden


def test_curve_of_a_divergence_is_not_sudden() -> None:
    """It doubles from row to row."""
    curve = curve_of(logged(DIVERGED, onset=60, crash=68))
    assert curve is not None
    assert not curve.is_sudden
    assert curve.num_rising == 8


def test_curve_of_a_jump_that_gradients_announced_is_not_sudden() -> None:
    """The gradient norm had left its range before."""
    norms = [*calm(55), *[3.0, 1.0, 4.0, 2.0, 9.0], *[440.0] * 4, NAN]
    loss = [*calm(60), 1600.0, 1e6, 1e9, 1e12, NAN]
    curve = curve_of(logged(loss, onset=60, crash=64, grad_norm=norms))
    assert curve is not None
    assert not curve.is_sudden


def test_nan_out_of_the_calm_at_a_constant_rate_is_no_missing_warm_up() -> None:
    """Fine-tuning runs at a constant rate; a NaN that no rise led to says nothing of the start."""
    loss, lr = [*calm(60), NAN], [1e-4] * 61
    hidden = logged(loss, onset=60, crash=60, lr=lr, optimizer="AdamW")
    assert "missing_warmup" not in causes(hidden)
    seen = logged(DIVERGED, onset=60, crash=68, lr=[1e-4] * 69, optimizer="AdamW")
    assert "missing_warmup" in causes(seen)


def test_lr_jump_ignores_a_warm_up() -> None:
    """The first steps of a ramp double the rate and are no jump."""
    ramp = [0.01 * min(1.0, (i + 1) / 30) for i in range(69)]
    curve = curve_of(logged(DIVERGED, onset=60, crash=68, lr=ramp))
    assert curve is not None
    jump = curve.lr_jump()
    assert jump is not None
    assert jump[0] < 1.1


def test_schedule_that_starts_over_is_a_resume_mismatch() -> None:
    """The same rates again, in the same order."""
    assert "resume_mismatch" in causes(SCHEDULE_REPEATS)
