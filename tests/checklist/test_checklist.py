"""Every point's yes, no and unknown; a wrong answer is worse than none."""

from __future__ import annotations

from dataclasses import replace

import builders
import pytest

from checklist.made import NAN, batch, image, log, norms, step, stored
from nandoctor.checklist import POINTS, answer_checklist
from nandoctor.evidence import Damage, Evidence

NOTHING = Evidence("checklist")
SCALED = {"precision": "fp16_amp", "loss_scale": 1024.0}
DEAD = {"outcome": "nan", "crash": 50}
CURVE = [1.0] * 50 + [NAN]
GOOD = builders.checkpoint(path="good.pt")
RESTART = {"segment": [0] * 10 + [1] * 10, "steps": [*range(10), *range(8, 18)]}
DAMAGED = replace(GOOD, missing=(), damage=(Damage("data/3", "cut off"),))
MASKED = replace(GOOD, tensors=(builders.tensor("mask", role="buffer", num_neginf=3),))

ANSWERS = {
    "inputs are normalised": {
        "yes": [batch(image()), batch(image(), image("boxes", (8, 4, 4), max=640.0))],
        "no": [batch(image(min=0.0, max=255.0))],
        "unknown": [batch(image("boxes", (8, 4), max=640.0)),
                    batch(image("y", (8, 64, 9), max=1e5)),
                    batch(image(dtype="uint8", max=255)),
                    batch(image(max=255.0), is_batch_synthetic=True)],
    },
    "the learning rate warms up": {
        "yes": [log([1.0] * 4, lr=[0.1, 0.5, 1.0, 0.9])],
        "no": [log([1.0] * 4, lr=[1.0, 1.0, 0.9, 0.8]),
               log([1.0] * 9, lr=[*([0.1] * 6), 3.0, 3.0, 3.0])],
        "unknown": [log([1.0] * 4), log([1.0] * 4, lr=[1.0] * 4, steps=range(5000, 5004))],
    },
    "gradients are clipped": {
        "yes": [stored(max_grad_norm=1.0)],
        "no": [stored(max_grad_norm=0.0), stored(max_grad_norm=float("inf"))],
        "unknown": [stored()],
    },
    "fp16 has a loss scaler": {
        "yes": [stored(**SCALED), stored(precision="bf16_amp", loss_scale=None),
                replace(log([1.0], loss_scale=[512.0]),
                        checkpoints=stored(precision="fp16", loss_scale=None).checkpoints)],
        "no": [stored(precision="fp16", loss_scale=1.0)],
        "unknown": [stored(precision="fp16", loss_scale=None), stored(precision=None)],
    },
    "the gradient norm is logged": {
        "yes": [log([1.0], grad_norm=[1.0])],
        "no": [log([1.0]), log([1.0], grad_norm=[None])],
        "unknown": [NOTHING],
    },
    "the learning rate is logged": {
        "yes": [log([1.0], lr=[1.0])], "no": [log([1.0])], "unknown": [NOTHING],
    },
    "the log is dense enough": {
        "yes": [log([1.0] * 20, **RESTART)],
        "no": [log([1.0] * 4, steps=[0, 100, 200, 300])],
        "unknown": [NOTHING, log([1.0] * 4, index=True)],
    },
    "checkpoints hold all that a resume needs": {
        "yes": [stored()],
        "no": [Evidence("checklist", checkpoints=(builders.checkpoint(missing=("rng",)),)),
               Evidence("checklist", checkpoints=(DAMAGED,))],
        "unknown": [NOTHING],
    },
    "the run stopped soon after the first NaN": {
        "yes": [log(CURVE, **DEAD)],
        "no": [log([1.0] * 5 + [NAN] * 40, outcome="nan", crash=5), log([1.0] * 50, hidden=20)],
        "unknown": [log([1.0] * 20), log([1.0, NAN] + [1.0] * 50)],
    },
    "the batch of the crash was saved": {
        "yes": [batch(image())], "no": [batch(image(), is_batch_synthetic=True)],
        "unknown": [NOTHING],
    },
    "the crash reproduces": {
        "yes": [batch(image()), step(2.5, 2.501)],
        "no": [step(2.5, NAN)],
        "unknown": [NOTHING, step(2.5, None), step(2.5, 10.0),
                    step(2.5, NAN, is_batch_synthetic=True)],
    },
    "a good checkpoint from before the crash exists": {
        "yes": [replace(stored(), last_good=GOOD), replace(stored(), last_good=MASKED)],
        "no": [replace(log(CURVE, **DEAD), checkpoints=stored().checkpoints),
               replace(stored(), last_good=replace(GOOD, tensors=(builders.tensor(num_nan=1),)))],
        "unknown": [NOTHING, stored()],
    },
    "restarts go on where the run stood": {
        "yes": [log([1.0] * 20, **RESTART)],
        "no": [log([1.0] * 10 + [3.0] * 10, **RESTART), log([1.0] * 10 + [NAN] * 10, **RESTART)],
        "unknown": [log([1.0] * 20),
                    log([1.0] * 10 + [3.0] * 10, segment=[0] * 10 + [1] * 10,
                        steps=[*range(10)] * 2)],
    },
    "early signs were ignored": {
        "yes": [log(CURVE, alarm=(40,), **DEAD),
                log(CURVE, alarm=(400,), steps=range(0, 510, 10), outcome="nan", crash=500)],
        "no": [log(CURVE, alarm=(47,), **DEAD), log(CURVE, **DEAD), log([1.0] * 50, alarm=(5,)),
               log(CURVE, alarm=(470,), steps=range(0, 510, 10), outcome="nan", crash=500),
               log([1.0] * 500 + [NAN], alarm=(3,), outcome="nan", crash=500)],
        "unknown": [NOTHING],
    },
    "AMP was trusted blindly": {
        "yes": [log([1.0] * 2, loss_scale=[4.0, 0.5]), stored(precision="fp16", loss_scale=1.0),
                log([1.0] * 7, loss_scale=[2.0**16 / 2**i for i in range(7)])],
        "no": [log([1.0] * 2, loss_scale=[1024.0, 512.0]), stored(precision="fp32"),
               log([1.0] * 7, loss_scale=[2.0**16 / 2 ** (i // 2) for i in range(7)])],
        "unknown": [NOTHING, stored(precision="fp16", loss_scale=None)],
    },
    "the checkpoint is incomplete": {
        "yes": [Evidence("checklist", checkpoints=(builders.checkpoint(missing=("rng",)),))],
        "no": [stored()], "unknown": [NOTHING],
    },
    "gradients were clipped at the wrong moment": {
        "yes": [norms(2048.0, 2.0, max_grad_norm=1.0, **SCALED),
                log([2.0 - 0.1 * i for i in range(12)], grad_norm=[0.0] * 12)],
        "no": [norms(2.0, 2.01, **SCALED)],
        "unknown": [norms(2048.0, 2.0, **SCALED), norms(9.0, 2.0, **SCALED), norms(None, 2.0),
                    log([2.0] * 12, grad_norm=[0.0] * 12)],
    },
    "the data were not looked at": {
        "yes": [batch(image(max=255.0)), batch(image("x", (8, 4), num_nan=2))],
        "no": [batch(image())],
        "unknown": [NOTHING, batch(image("boxes", (8, 4), max=640.0))],
    },
    "a resume was not validated": {
        "yes": [log([1.0] * 10 + [3.0] * 10, **RESTART)],
        "no": [log([1.0] * 20, **RESTART)], "unknown": [NOTHING],
    },
}  # fmt: skip
CASES = [
    pytest.param(item, answer, evidence, id=f"{item}: {answer} {number}")
    for item, answers in ANSWERS.items()
    for answer, cases in answers.items()
    for number, evidence in enumerate(cases)
]


@pytest.mark.parametrize(("item", "answer", "evidence"), CASES)
def test_point_given_evidence_answers(item: str, answer: str, evidence: Evidence) -> None:
    """Each point says yes, no or unknown where it should, and why."""
    point = next(point for point in answer_checklist(evidence) if point.item == item)
    assert point.answer == answer, point.evidence
    assert point.evidence


def test_every_point_is_tested_with_all_three_answers() -> None:
    """No point without its yes, its no and its unknown."""
    assert set(ANSWERS) == {item for _, item, _ in POINTS}
    assert all(set(answers) == {"yes", "no", "unknown"} for answers in ANSWERS.values())


def test_checklist_of_nothing_claims_nothing() -> None:
    """Without files every answer is unknown."""
    assert {point.answer for point in answer_checklist(NOTHING)} == {"unknown"}


def test_checklist_has_the_six_pitfalls_for_which_yes_is_bad() -> None:
    """All four parts and the pitfalls are there."""
    points = answer_checklist(NOTHING)
    assert sum(point.section == "pitfall" for point in points) == 6
    assert all(point.is_good is (point.section != "pitfall") for point in points)
    assert {point.section for point in points} == {
        "before", "during", "after", "long_term", "pitfall",
    }  # fmt: skip
