"""The decision tree: every answer computed, every leaf in numbers."""

from dataclasses import replace

import builders
import pytest

from decision.made import crashed, dynamics_finding, healthy, op_finding, trial
from nandoctor.decision import TREE, diagnose, next_evidence, prescribe, walk
from nandoctor.decision.advice import clip
from nandoctor.evidence import Evidence, Skipped
from nandoctor.findings import Grade, Prescription

GOOD = replace(
    builders.checkpoint(path="run/last_good_step_1040.pt"),
    training=replace(builders.checkpoint().training, step=1040),
)
ADVICE = (Prescription("Lower the learning rate", "lr 0.0003 → 0.00015"),)


def answers(evidence: Evidence) -> list[str]:
    """Return the first word of every answer."""
    return [step.answer.split(":")[0] for step in walk(evidence, ())]


def test_walk_answers_all_four_questions_with_evidence() -> None:
    """Late, mixed precision, large gradients, recoverable."""
    evidence = crashed(last_good=GOOD)
    assert answers(evidence) == ["no", "yes", "yes", "yes"]
    assert [step.question for step in walk(evidence, ())] == [q.text for q in TREE]
    assert all(step.evidence for step in walk(evidence, ()))


def test_walk_of_an_early_crash_checks_initialisation_and_warm_up() -> None:
    """Within the first 1000 steps."""
    log = builders.log_facts(pattern=builders.pattern(onset_step=40, first_nonfinite_step=44))
    first = walk(crashed(logs=(log,)), ())[0]
    assert first.answer == "yes: check initialisation and warm-up"
    assert "step 40" in first.evidence


def test_walk_without_evidence_says_unknown() -> None:
    """What is not known is said to be unknown."""
    assert answers(Evidence("diagnose")) == ["unknown", "unknown", "unknown", "no"]
    assert answers(Evidence("classify")) == ["unknown"] * 4  # no checkpoint was looked for


def test_walk_given_old_weights_that_pass_says_so() -> None:
    """Recoverable, and proved."""
    evidence = crashed(trial("old_weights"), last_good=GOOD)
    assert "passes the crash batch" in walk(evidence, ())[-1].evidence


def test_walk_given_a_damaged_last_good_checkpoint_is_not_recoverable() -> None:
    """A checkpoint with a NaN weight is no way back."""
    bad = replace(GOOD, tensors=(builders.tensor(num_nan=1),))
    assert answers(crashed(last_good=bad))[-1] == "no"


def test_prescribe_gives_the_proved_cure_first_and_numbers_after() -> None:
    """The verified fix, then clip at 2.5x the healthy maximum, then the file to resume from."""
    evidence, findings = (
        crashed(trial("eps", detail="log(x + 1e-8)"), last_good=GOOD),
        (op_finding(),),
    )
    plan = prescribe(evidence, findings, diagnose(evidence, findings))
    assert (plan[0].value, plan[0].grade) == ("log(x + 1e-8)", Grade.verified)
    clip = next(item for item in plan if "Clip" in item.action)
    assert "2.5x the healthy maximum" in clip.why
    resume = next(item for item in plan if item.action == "Resume from")
    assert resume.value == "last_good_step_1040.pt"
    assert "steps lost: 19" in resume.why


def test_prescribe_of_leading_dynamics_gives_the_rate_first() -> None:
    """The rule's own number."""
    evidence = crashed(trial("old_weights"), last_good=GOOD)
    findings = (dynamics_finding(prescriptions=ADVICE), op_finding())
    plan = prescribe(evidence, findings, diagnose(evidence, findings))
    assert plan[0].value == "lr 0.0003 → 0.00015"
    assert any(item.action == "Resume from" and item.grade is Grade.verified for item in plan)


def test_prescribe_leaves_out_the_advice_of_a_cause_that_does_not_lead() -> None:
    """No lower learning rate for a NaN pixel."""
    evidence = crashed(trial("eps"), trial("old_weights", "not_fixed"))
    findings = (op_finding(), dynamics_finding(prescriptions=ADVICE))
    plan = prescribe(evidence, findings, diagnose(evidence, findings))
    assert not any("learning rate" in item.action.lower() for item in plan if item in ADVICE)


def test_prescribe_names_the_guilty_samples() -> None:
    """Which rows of the batch, where dropping them was tried."""
    evidence = crashed(trial("drop_samples"))
    plan = prescribe(evidence, (op_finding(),), diagnose(evidence, (op_finding(),)))
    assert any(item.value == "3" and item.grade is Grade.verified for item in plan)


def test_prescribe_of_a_healthy_run_is_empty() -> None:
    """Nothing to do."""
    assert prescribe(healthy(), (), None) == ()


def test_next_evidence_of_a_verified_diagnosis_is_empty() -> None:
    """Nothing more is needed."""
    evidence, findings = crashed(trial("eps")), (op_finding(),)
    assert next_evidence(evidence, findings, diagnose(evidence, findings)) == ""


def test_next_evidence_without_a_replay_asks_for_the_model_file() -> None:
    """What the pipeline said is missing."""
    skipped = (Skipped("replay", "no replay.py in the run and no --model"),)
    asked = next_evidence(crashed(replay=None, skipped=skipped), (), None)
    assert "--model" in asked


def test_next_evidence_of_a_log_alone_asks_for_what_it_lacks() -> None:
    """First the gradient norm, then the rate, then a checkpoint."""
    log = builders.log_facts()
    columns = {name: c for name, c in log.history.columns.items() if name != "grad_norm"}
    bare = replace(log, history=replace(log.history, columns=columns))
    assert "grad_norm" in next_evidence(Evidence("classify", logs=(bare,)), (), None)
    assert "checkpoint" in next_evidence(Evidence("classify", logs=(log,)), (), None)


def test_next_evidence_of_a_checkpoint_saved_too_late_asks_for_the_step_before() -> None:
    """All weights NaN: the cause lies a step earlier."""
    late = replace(builders.checkpoint(), tensors=(builders.tensor(num_nan=9),))
    asked = next_evidence(crashed(checkpoints=(late,), replay=None, last_good=GOOD), (), None)
    assert asked.startswith("rerun from run/last_good_step_1040.pt")


def test_next_evidence_of_a_healthy_run_is_empty() -> None:
    """Nothing crashed."""
    assert next_evidence(healthy(), (), None) == ""


def test_walk_is_a_pure_function_of_the_evidence() -> None:
    """Twice the same evidence, twice the same steps."""
    evidence = crashed(trial("eps"), last_good=GOOD)
    assert walk(evidence, ()) == walk(evidence, ())


def test_clip_of_a_run_that_clips_harder_already_is_not_advised() -> None:
    """A threshold above the run's own would loosen it; one below is advised."""
    state = builders.checkpoint().training
    for norm, number in ((1.0, 0), (50.0, 2)):
        stored = replace(builders.checkpoint(), training=replace(state, max_grad_norm=norm))
        assert len(clip(crashed(checkpoints=(stored,)))) == number


def test_clip_of_a_healthy_replay_gives_a_threshold_for_each_part() -> None:
    """By their shares of the norm; an exploded gradient tells no shares."""
    gradients = (
        builders.tensor("vision.conv.weight", role="gradient", l2=0.6),
        builders.tensor("language.head.weight", role="gradient", l2=0.8),
    )
    healthy_step = builders.replay_facts(gradients=gradients, grad_norm=1.0)
    exploded = builders.replay_facts(gradients=gradients, grad_norm=800.0)
    whole, _, parts = clip(crashed(replay=healthy_step))
    threshold = float(whole.value)
    numbers = [float(part.split()[1]) for part in parts.value.split(", ")]
    assert numbers == pytest.approx([0.6 * threshold, 0.8 * threshold], rel=0.01)
    assert len(clip(crashed(replay=exploded))) == 2


def test_prescribe_of_a_damaged_weight_leaves_out_what_would_hide_it() -> None:
    """Neither a bound at the op nor more precision nor fewer samples mends a broken weight."""
    cause = builders.finding(
        code="ND401", cause="bad_parameter", grade=Grade.reproduced, confirmed_by=("reset_param",)
    )
    ran = [trial(name) for name in ("reset_param", "clamp", "fp32", "drop_samples")]
    evidence = crashed(*ran)
    plan = prescribe(evidence, [cause], diagnose(evidence, [cause]))
    actions = " ".join(item.action for item in plan)
    assert plan[0].grade is Grade.verified
    assert not any(word in actions for word in ("Bound", "fp32", "samples", "autocast"))


def test_prescribe_never_resumes_from_a_checkpoint_that_is_itself_broken() -> None:
    """The last good checkpoint holds NaN; an older one that is whole is named instead."""
    bad = builders.checkpoint(path="run/last_good.pt", tensors=(builders.tensor(num_nan=1),))
    whole = builders.checkpoint(path="run/step_900.pt", tensors=(builders.tensor(),))
    whole = replace(whole, training=replace(whole.training, step=900))
    evidence = crashed(last_good=bad)
    evidence = replace(evidence, checkpoints=(*evidence.checkpoints[:1], whole))
    plan = prescribe(evidence, [op_finding()], diagnose(evidence, [op_finding()]))
    assert [item.value for item in plan if item.action == "Resume from"] == ["step_900.pt"]


@pytest.mark.parametrize(("dtype", "answer"), [("float16", "yes"), ("float32", "no")])
def test_walk_asks_the_replayed_modules_for_autocast(dtype: str, answer: str) -> None:
    """Autocast inside the loss leaves float32 weights and no loss scale behind."""
    plain = replace(builders.checkpoint().training, precision="fp32", loss_scale=None)
    modules = (replace(builders.headroom(), dtype=dtype),)
    evidence = crashed(
        checkpoints=(replace(builders.checkpoint(), training=plain),),
        logs=(),
        replay=builders.replay_facts(precision="fp32", headroom=modules),
    )
    assert answers(evidence)[1] == answer
