"""Running the interventions that apply, cheapest first, under a time budget."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from nandoctor.errors import NandoctorError
from nandoctor.evidence import ReplayFacts, Trial
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable, start_remarks
from nandoctor.snapshot import preserved, preserved_switches
from nandoctor.step import run_step, with_fixed_rng
from nandoctor.target import Intervention, ReplayTarget, StepOutcome

Progress = Callable[[str, float], None]


def run(
    interventions: Sequence[Intervention],
    target: ReplayTarget,
    facts: ReplayFacts,
    *,
    budget_seconds: float,
    only: Collection[str] | None,
    include_hiding: bool,
    progress: Progress | None,
) -> tuple[Trial, ...]:
    """Run what applies and return one trial each, with the near-misses that could not be run."""
    if facts.phase is None:
        return ()
    judged = _as_judged(with_fixed_rng(target), facts)
    trials: list[Trial] = []
    ready: list[Intervention] = []
    for intervention in _asked(interventions, only, include_hiding):
        refusal = intervention.applies(judged, facts)
        if not refusal:
            ready.append(intervention)
        elif refusal != IRRELEVANT or only:
            reason = "has nothing to do with this fault" if refusal == IRRELEVANT else refusal
            trials.append(_not_run(intervention, reason))
    ready.sort(key=lambda intervention: intervention.cost)
    # The optimizer is left out of most trials; what it moves beside the model is kept all the same.
    with preserved(target):
        ran = _run_ready(ready, judged, facts, budget_seconds, progress, bool(only))
    return (*ran, *trials)


def _run_ready(
    ready: list[Intervention],
    target: ReplayTarget,
    facts: ReplayFacts,
    budget_seconds: float,
    progress: Progress | None,
    verbose: bool,
) -> list[Trial]:
    trials: list[Trial] = []
    begin, step_seconds = time.monotonic(), 0.0
    for number, intervention in enumerate(ready):
        if progress:
            progress(f"trying: {intervention.title}", number / len(ready))
        spent = time.monotonic() - begin
        if number and spent + intervention.cost * step_seconds > budget_seconds:
            reason = f"not run: the time budget of {budget_seconds:g} s was used up"
            trials.append(_not_run(intervention, reason))
            continue
        trial, matters = run_trial(intervention, target, facts)
        step_seconds = max(step_seconds, trial.seconds / max(intervention.cost, 1.0))
        if matters or verbose:
            trials.append(trial)
    return trials


def run_trial(
    intervention: Intervention, target: ReplayTarget, facts: ReplayFacts
) -> tuple[Trial, bool]:
    """Run the step with one thing changed, judge it, and say whether anybody wants to know."""
    remarks = start_remarks()
    begin = time.monotonic()
    trial, matters = Trial(intervention.name, "failed", hides=intervention.hides), True
    try:
        with warnings.catch_warnings(), preserved_switches():
            warnings.simplefilter("ignore")  # they were shown when the step was traced
            with intervention.apply(target, facts) as changed:
                outcome = run_step(changed)
    except Inapplicable as missed:
        trial = replace(trial, outcome="not_applicable", detail=str(missed))
        matters = missed.matters
    except NandoctorError as error:
        trial = replace(trial, detail=error.message)
    except Exception as error:
        # Whatever the changed step raises says that this change is no way out; the run goes on.
        trial = replace(trial, detail=f"{type(error).__name__}: {_first_line(error)}")
    else:
        detail = "; ".join(text for text in (*remarks, _what_is_left(outcome)) if text)
        fixed = outcome.is_finite
        trial = replace(trial, outcome="fixed" if fixed else "not_fixed", loss=outcome.loss)
        trial = replace(trial, detail=detail)
    return replace(trial, seconds=time.monotonic() - begin), matters


def _what_is_left(outcome: StepOutcome) -> str:
    """Say what stayed non-finite where the loss does not show it."""
    if not math.isfinite(outcome.loss):
        return ""
    if outcome.bad_gradients:
        return f"{len(outcome.bad_gradients)} of {outcome.num_gradients} gradients stay non-finite"
    if outcome.bad_after_step:
        return f"non-finite after the step: {', '.join(outcome.bad_after_step[:3])}"
    return ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]


def _as_judged(target: ReplayTarget, facts: ReplayFacts) -> ReplayTarget:
    """Leave the optimizer out unless the fault is its own."""
    return target if facts.phase == "optimizer" else replace(target, optimizer=None)


def _asked(
    interventions: Sequence[Intervention], only: Collection[str] | None, include_hiding: bool
) -> list[Intervention]:
    if only is None:
        return [i for i in interventions if include_hiding or not i.hides]
    known = {intervention.name for intervention in interventions}
    unknown = sorted(set(only) - known)
    if unknown:
        raise NandoctorError(
            f"unknown intervention: {', '.join(unknown)}", hint=f"one of {', '.join(sorted(known))}"
        )
    return [i for i in interventions if i.name in only]


def _not_run(intervention: Intervention, reason: str) -> Trial:
    return Trial(intervention.name, "not_applicable", detail=reason, hides=intervention.hides)
