"""The practitioners' checklist, each point answered from evidence; no point is advice by itself."""

from __future__ import annotations

from typing import Literal

from nandoctor.checklist.course import ignored_signs, resumes_smoothly
from nandoctor.checklist.data import data_ignored, inputs_normalised
from nandoctor.checklist.records import (
    has_complete_checkpoint,
    has_last_good,
    logs_metric,
    logs_often,
    reproduces,
    saved_batch,
    stops_at_nan,
)
from nandoctor.checklist.settings import (
    clips,
    clips_wrongly,
    scales_fp16,
    trusts_amp,
    warms_up,
)
from nandoctor.checklist.verdict import Check, negated
from nandoctor.evidence import Evidence
from nandoctor.findings import ChecklistItem

Section = Literal["before", "during", "after", "long_term", "pitfall"]


def answer_checklist(evidence: Evidence) -> tuple[ChecklistItem, ...]:
    """Answer every point as yes, no or unknown, with the evidence."""
    return tuple(_answer(evidence, *point) for point in POINTS)


def _answer(evidence: Evidence, section: Section, item: str, check: Check) -> ChecklistItem:
    verdict, fact = check(evidence)
    answer: Literal["yes", "no", "unknown"] = (
        "unknown" if verdict is None else "yes" if verdict else "no"
    )
    return ChecklistItem(section, item, answer, fact, is_good=section != "pitfall")


POINTS: tuple[tuple[Section, str, Check], ...] = (
    ("before", "inputs are normalised", inputs_normalised),
    ("before", "the learning rate warms up", warms_up),
    ("before", "gradients are clipped", clips),
    ("before", "fp16 has a loss scaler", scales_fp16),
    ("during", "the gradient norm is logged", logs_metric("grad_norm")),
    ("during", "the learning rate is logged", logs_metric("lr")),
    ("during", "the log is dense enough", logs_often),
    ("during", "checkpoints hold all that a resume needs", has_complete_checkpoint),
    ("after", "the run stopped soon after the first NaN", stops_at_nan),
    ("after", "the batch of the crash was saved", saved_batch),
    ("after", "the crash reproduces", reproduces),
    ("after", "a good checkpoint from before the crash exists", has_last_good),
    ("long_term", "restarts go on where the run stood", resumes_smoothly),
    ("pitfall", "early signs were ignored", ignored_signs),
    ("pitfall", "AMP was trusted blindly", trusts_amp),
    ("pitfall", "the checkpoint is incomplete", negated(has_complete_checkpoint)),
    ("pitfall", "gradients were clipped at the wrong moment", clips_wrongly),
    ("pitfall", "the data were not looked at", data_ignored),
    ("pitfall", "a resume was not validated", negated(resumes_smoothly)),
)
