"""Examples of the rules about the course of training."""

import math
from dataclasses import replace

import builders

from nandoctor.evidence import Evidence
from rules.examples.made import NAN, Example, calm, growing, logged, stored_state

DIVERGED = [*calm(60), *growing(8), NAN]
JUMP = [*calm(60), *growing(4, 1600.0, 700.0), NAN]
FALLING = [0.01 * (1 + math.cos(i / 40)) for i in range(69)]
RESTARTED = [*FALLING[:55], *FALLING[:14]]
NORMS = [*calm(40), *calm(20, 16.0), *growing(8, 40.0), NAN]


def with_steps(own: float) -> Evidence:
    """Build a diverged run of 68 steps whose optimizer counts its own."""
    counter = builders.tensor("step.fc.weight", role="optimizer", min=own, max=own)
    stored = stored_state(builders.tensor(), counter, step=1059)
    return logged(DIVERGED, onset=60, crash=68, checkpoint=stored)


def hiding(step: int | None) -> Evidence:
    """Build a log whose NaN is hidden from a step on, or not at all."""
    log = builders.log_facts(pattern=builders.pattern(hidden_nan_step=step))
    return Evidence("classify", logs=(log,))


def ended(outcome: str, name: str) -> Evidence:
    """Build a log with this pattern."""
    pattern = replace(builders.pattern(), pattern=name, outcome=outcome)
    return Evidence("classify", logs=(builders.log_facts(pattern=pattern),))


EXAMPLES = {
    "learning_rate_too_high": Example(
        logged(DIVERGED, onset=60, crash=68, lr=[*[0.002] * 58, *[0.1] * 11]),
        logged([*calm(60), NAN], onset=60, crash=60, lr=[0.002] * 61, pattern="spike"),
    ),
    "missing_warmup": Example(
        logged(DIVERGED, onset=60, crash=68, lr=[0.01] * 69, optimizer="AdamW"),
        logged(DIVERGED, onset=60, crash=68, lr=[0.01] * 69, optimizer="SGD"),
    ),
    "gradient_accumulation": Example(
        logged(DIVERGED, onset=60, crash=68, grad_norm=NORMS, lr=[0.01] * 69),
        logged(DIVERGED, onset=60, crash=68, grad_norm=DIVERGED, lr=[0.01] * 69),
    ),
    "optimizer_instability": Example(
        logged(DIVERGED, onset=60, crash=68,
               checkpoint=stored_state(param_groups=({"lr": 0.01, "momentum": 1.02},))),
        logged(DIVERGED, onset=60, crash=68,
               checkpoint=stored_state(param_groups=({"lr": 0.01, "momentum": 0.99},))),
    ),
    "resume_mismatch": Example(with_steps(12.0), with_steps(1058.0)),
    "hidden_nan": Example(hiding(1040), hiding(None)),
    "loss_explosion": Example(ended("nan", "spike"), ended("healthy", "healthy")),
}  # fmt: skip
SCHEDULE_REPEATS = logged(DIVERGED, onset=60, crash=68, lr=RESTARTED)
BAD_BATCH = logged(JUMP, onset=60, crash=64, lr=[0.01] * 65)
