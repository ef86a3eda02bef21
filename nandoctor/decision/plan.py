"""What to do now, in order: the proved cure first, then the rule's own advice, then the tree's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from nandoctor.decision.advice import (
    check_data_and_loss,
    check_loss_scale,
    check_overflow,
    resume,
)
from nandoctor.decision.confirm import confirm_all, proof_of
from nandoctor.decision.ranking import DATA, DYNAMICS, OVERFLOW, STATE, is_crash
from nandoctor.decision.tree import leaves
from nandoctor.evidence import Evidence
from nandoctor.findings import Diagnosis, Finding, Grade, Prescription

SAMPLES_INNOCENT = DYNAMICS | STATE | {"unnormalised_input", "loss_scale_collapse"}
"""Causes under which some samples fail first, but none is to blame."""
BEFORE_THE_OP = DYNAMICS | STATE | DATA
"""Causes under which bounding the op, or more precision, would only hide what made it fail."""
CURES = {
    "eps": "Add an epsilon at the failing op", "clamp": "Bound the argument of the failing op",
    "safe_where": "Make the input safe before the op (double where)",
    "finite_mask": "Mask with finfo.min instead of -inf, or unmask one position of empty rows",
    "zero_infinity": "Set zero_infinity=True", "empty_zero": "Return 0 for an empty selection",
    "relabel": "Skip samples without labels, or divide by count.clamp(min=1)",
    "correction0": "Use correction=0, or skip groups of one",
    "fp32": "Run the failing part in fp32", "fp64": "Use a form of it that stays in range",
    "fp32_module": "Keep the failing module in fp32", "bf16": "Train in bf16 instead of fp16",
    "no_autocast": "Switch autocast off for the failing part",
    "clean_batch": "Repair or drop the non-finite values in the batch",
    "drop_samples": "Remove the guilty samples from the batch",
    "scale_input": "Normalise the input",
    "reset_param": "Restore the tensor from a sound checkpoint",
    "reset_buffer": "Recompute or restore the buffer",
    "reset_optimizer": "Restore the optimizer state, else reset it and warm up again",
    "opt_eps": "Raise the optimizer's eps, or keep its state in fp32",
    "math_attention": "Use the math attention kernel", "lower_loss_scale": "Lower the loss scale",
}  # fmt: skip


def prescribe(
    evidence: Evidence, findings: Sequence[Finding], diagnosis: Diagnosis | None
) -> tuple[Prescription, ...]:
    """Return the plan; empty where nothing crashed."""
    if not is_crash(evidence, findings):
        return ()
    confirmed = confirm_all(evidence, findings)
    seen: set[tuple[str, str]] = set()
    plan = []
    for item in _steps(evidence, confirmed, diagnosis):
        if (item.action, item.value) not in seen:
            seen.add((item.action, item.value))
            plan.append(item)
    return tuple(plan)


def _steps(
    evidence: Evidence, findings: Sequence[Finding], diagnosis: Diagnosis | None
) -> Iterator[Prescription]:
    leading = [f for f in findings if diagnosis and f.cause == diagnosis.cause]
    for finding in leading[:1]:
        yield from _cure(evidence, finding)
        yield from finding.prescriptions
        proof = proof_of(evidence, finding)
        is_told = proof is not None and proof.intervention == "drop_samples"
        if finding.cause not in SAMPLES_INNOCENT and not is_told:
            yield from check_data_and_loss(evidence, findings)
    mechanism = [f for f in findings if diagnosis and f.cause == diagnosis.mechanism]
    tree = [item for leaf in leaves(evidence, findings) for item in leaf.advice(evidence, findings)]
    others = _foreign(findings, diagnosis)
    others += check_data_and_loss(evidence, findings)  # told above, or none of them is to blame
    if diagnosis and diagnosis.cause in BEFORE_THE_OP:
        others += [*check_overflow(evidence, findings), *check_loss_scale(evidence, findings)]
        mechanism = [finding for finding in mechanism if finding.cause not in OVERFLOW]
    for finding in mechanism[:1]:
        yield from _cure(evidence, finding)
    yield from resume(evidence, findings)
    for finding in findings:
        if finding.cause == "part_gradients":
            yield from finding.prescriptions
    yield from (item for item in tree if item not in others)


def _cure(evidence: Evidence, finding: Finding) -> Iterator[Prescription]:
    """The cure that a trial proved, with what it changed."""
    proof = proof_of(evidence, finding)
    if proof is None or proof.intervention not in CURES or finding.grade < Grade.verified:
        return
    value = proof.detail or finding.where
    if proof.intervention == "drop_samples" and evidence.replay and evidence.replay.origin:
        rows = evidence.replay.origin.samples or ()
        value = "samples " + ", ".join(map(str, rows)) if rows else value
    action = CURES[proof.intervention]
    if proof.intervention == "finite_mask" and _has_infinite_number(evidence):
        action, value = "Give the failing op a finite number", finding.where
    why = f"the trial {proof.intervention} made the step finite"
    yield Prescription(action, value, Grade.verified, why)


def _has_infinite_number(evidence: Evidence) -> bool:
    """Whether the origin's infinity is a plain number: a factor as well as a mask."""
    origin = evidence.replay.origin if evidence.replay else None
    given = origin.arguments.values() if origin else ()
    return any(isinstance(value, float) and math.isinf(value) for value in given)


def _foreign(findings: Sequence[Finding], diagnosis: Diagnosis | None) -> list[Prescription]:
    """Advice of course-of-the-run causes that do not lead: it would contradict the diagnosis."""
    return [
        item
        for finding in findings
        if finding.cause in DYNAMICS and (diagnosis is None or finding.cause != diagnosis.cause)
        for item in finding.prescriptions
    ]
