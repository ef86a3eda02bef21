"""The decision tree as data: four questions, each answered from evidence, each leaf an advice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nandoctor.decision.advice import (
    check_data_and_loss,
    check_initialisation,
    check_loss_scale,
    check_overflow,
    lower_rate_or_clip,
    resume,
    start_again,
)
from nandoctor.decision.answers import (
    Answer,
    has_large_gradients,
    is_early,
    is_mixed_precision,
    is_recoverable,
)
from nandoctor.evidence import Evidence
from nandoctor.findings import DecisionStep, Finding, Prescription

Advice = Callable[[Evidence, Sequence[Finding]], tuple[Prescription, ...]]


@dataclass(frozen=True, slots=True)
class Leaf:
    """What an answer leads to.

    Args:
        title: In a few words.
        advice: The same in numbers of this run; empty where the run gives none.
    """

    title: str
    advice: Advice


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the tree.

    Args:
        answer: ``(evidence, findings) -> (yes / no / None = unknown, the evidence for it)``.
    """

    text: str
    answer: Callable[[Evidence, Sequence[Finding]], Answer]
    yes: Leaf | None
    no: Leaf | None


TREE: tuple[Question, ...] = (
    Question(
        "Within the first 1000 steps?", is_early,
        Leaf("check initialisation and warm-up", check_initialisation), None,
    ),
    Question(
        "Mixed precision?", is_mixed_precision,
        Leaf("check loss scale and dtype conversions", check_loss_scale),
        Leaf("check overflow", check_overflow),
    ),
    Question(
        "Abnormally large gradients?", has_large_gradients,
        Leaf("lower the learning rate or clip harder", lower_rate_or_clip),
        Leaf("check data and loss function", check_data_and_loss),
    ),
    Question(
        "Recoverable from a checkpoint?", is_recoverable,
        Leaf("adjust and resume", resume),
        Leaf("start again with a conservative configuration", start_again),
    ),
)  # fmt: skip


def walk(evidence: Evidence, findings: Sequence[Finding]) -> tuple[DecisionStep, ...]:
    """Answer the questions in order; each step names the branch taken and its evidence."""
    return tuple(
        DecisionStep(question.text, _words(question, answer), answer.evidence)
        for question in TREE
        for answer in (question.answer(evidence, findings),)
    )


def leaves(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Leaf, ...]:
    """Return the leaves that the walk reaches."""
    reached = []
    for question in TREE:
        leaf = _leaf(question, question.answer(evidence, findings))
        if leaf is not None:
            reached.append(leaf)
    return tuple(reached)


def _leaf(question: Question, answer: Answer) -> Leaf | None:
    if answer.value is None:
        return None
    return question.yes if answer.value else question.no


def _words(question: Question, answer: Answer) -> str:
    if answer.value is None:
        return "unknown"
    word = "yes" if answer.value else "no"
    leaf = _leaf(question, answer)
    return f"{word}: {leaf.title}" if leaf else word
