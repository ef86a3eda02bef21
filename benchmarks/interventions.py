"""Trials against the truth of the cases: python benchmarks/interventions.py [--data DIR].

For every case: was one of the interventions that the truth lists found ``fixed``? Every ``fixed``
is checked again alone, on a fresh instance, by a plain backward pass that shares no code with the
judge. DIR holds ``cases/``; the project's own ``tests/cases`` are always run.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions import INTERVENTIONS, run_trials
from nandoctor.target import ReplayTarget
from nandoctor.tracing import observe

ROOT = Path(__file__).parent.parent
SAME = {
    "repair_parameter": "reset_param",
    "repair_buffer": "reset_buffer",
    "reset_optimizer_state": "reset_optimizer",
    "clean_input": "clean_batch",
}
"""Names that some cases use for our interventions."""
BY_HAND = {"code", "logsigmoid"}
"""Fixes that only an author can make."""


@dataclass
class Score:
    """Counts over the cases."""

    num_cases: int = 0
    num_fixable: int = 0
    num_found: int = 0
    num_fixed: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    listed: Counter[str] = field(default_factory=Counter)
    agreed: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def load(path: Path) -> ModuleType:
    """Import a case afresh."""
    spec = importlib.util.spec_from_file_location(f"case_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def target_of(case: ModuleType) -> ReplayTarget:
    """Build the step of a case."""
    model, batch = case.build_model(), case.make_batch()
    optimizer = case.build_optimizer(model) if hasattr(case, "build_optimizer") else None
    return ReplayTarget(model, batch, case.compute_loss, optimizer)


def is_fixed_alone(path: Path, name: str, facts: ReplayFacts) -> bool:
    """Apply one intervention to a fresh instance and look at loss and gradients by hand."""
    target = target_of(load(path))
    intervention = next(i for i in INTERVENTIONS if i.name == name)
    if facts.phase != "optimizer":
        target = replace(target, optimizer=None)
    with intervention.apply(target, facts) as changed:
        loss = loss_of(changed)
        torch.autograd.backward(loss)
        parameters = list(changed.model.parameters())
        results = [loss, *(p.grad for p in parameters if p.grad is not None)]
        if changed.optimizer is not None:
            if changed.max_grad_norm is not None:
                torch.nn.utils.clip_grad_norm_(parameters, changed.max_grad_norm)
            changed.optimizer.step()
            states = changed.optimizer.state.values()
            results += [*parameters, *(v for s in states for v in s.values())]
        tensors = [r for r in results if isinstance(r, torch.Tensor) and r.is_floating_point()]
        return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)


def loss_of(target: ReplayTarget) -> torch.Tensor:
    """Run the forward pass under the target's own autocast."""
    dtype = target.precision.autocast_dtype
    with torch.autocast("cpu", getattr(torch, dtype or "bfloat16"), enabled=dtype is not None):
        return target.compute_loss(target.model, target.batch)


def run_case(path: Path, score: Score) -> None:
    """Trace a case, try what applies, and compare with the truth."""
    case = load(path)
    truth = case.TRUTH
    score.num_cases += 1
    facts = observe(target_of(case))
    start = time.perf_counter()
    trials = run_trials(target_of(load(path)), facts, budget_seconds=300)
    score.seconds += time.perf_counter() - start
    fixed = {trial.intervention for trial in trials if trial.outcome == "fixed"}
    score.failed.update(trial.intervention for trial in trials if trial.outcome == "failed")
    score.num_fixed += len(fixed)
    score.wrong += [f"{path.stem}: {n}" for n in fixed if not is_fixed_alone(path, n, facts)]
    listed = {SAME.get(name, name) for name in truth["fixed_by"]} - BY_HAND
    if facts.phase == "optimizer" and "eps" in listed:
        listed = listed - {"eps"} | {"opt_eps"}
    score.listed.update(listed)
    score.agreed.update(listed & fixed)
    score.extra.update(fixed - listed)
    if listed:
        score.num_fixable += 1
        score.num_found += bool(listed & fixed)
        if not listed & fixed:
            score.missed.append(f"{path.stem}: {', '.join(sorted(listed))}")


def report(score: Score) -> None:
    """Print the figures."""
    share = score.num_found / max(score.num_fixable, 1)
    print(f"cases {score.num_cases}, of them with a listed fix {score.num_fixable}")
    print(f"one of the listed fixes found: {score.num_found} ({share:.1%})")
    print(f"reported fixed: {score.num_fixed}, wrong when checked alone: {len(score.wrong)}")
    print(f"seconds of trials a case: {score.seconds / max(score.num_cases, 1):.2f}")
    for line in (*score.missed, *score.wrong):
        print(f"  ! {line}")
    print(f"{'intervention':18}{'listed':>8}{'found':>8}{'missed':>8}{'unlisted':>10}{'failed':>8}")
    for name in [intervention.name for intervention in INTERVENTIONS]:
        listed, agreed = score.listed[name], score.agreed[name]
        row = (listed, agreed, listed - agreed, score.extra[name], score.failed[name])
        if any(row):
            print(f"{name:18}{row[0]:8}{row[1]:8}{row[2]:8}{row[3]:10}{row[4]:8}")


def main() -> None:
    """Run all cases that can be imported here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared")
    folders = [parser.parse_args().data / "cases", ROOT / "tests" / "cases"]
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    score, skipped = Score(), 0
    for path in sorted(p for folder in folders for p in folder.rglob("*.py")):
        if "\nTRUTH = {" not in path.read_text():
            continue
        try:
            run_case(path, score)
        except ImportError as error:
            skipped += 1
            print(f"skipped {path.stem}: {error}", file=sys.stderr)
    report(score)
    print(f"skipped for a missing library: {skipped}")


if __name__ == "__main__":
    main()
