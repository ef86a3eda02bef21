"""Measure the diagnosis: cause right first and among three, on cases and runs whose truth is known.

    python benchmarks/diagnosis.py [--data DIR] [--only cases|runs|samples] [--match TEXT] [-v]

DIR (default ../shared) holds cases/ and runs/; our own sample_checkpoints/ and tests/cases/ are
always measured. A run's truth.json is read here, for scoring, and by no command.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from nandoctor import decision  # noqa: E402
from nandoctor.evidence import Evidence  # noqa: E402
from nandoctor.findings import Diagnosis, Grade  # noqa: E402
from nandoctor.rules import run_rules  # noqa: E402

SAME = {
    "lr_too_high": ("learning_rate_too_high",),
    "lr_spike": ("learning_rate_too_high",),
    "lr_schedule_growth": ("learning_rate_too_high",),
    "accum_not_divided": ("gradient_accumulation",),
    "momentum_above_one": ("optimizer_instability",),
    "weight_growth": ("optimizer_instability",),
    "logit_scale_growth": ("optimizer_instability", "learning_rate_too_high", "exp_overflow"),
    "no_clipping": ("bad_batch",),
    "batch_length_jump": ("bad_batch",),
    "scaler_collapse": ("loss_scale_collapse",),
    "resume_optimizer_lost": ("resume_mismatch",),
}
"""What the runs' labels, which name the injected fault, are called here."""


@dataclass(frozen=True)
class Result:
    """One diagnosed case or run.

    Args:
        group: ``cases``, ``runs`` or ``samples``.
        truth: Acceptable causes, empty where nothing is wrong.
    """

    group: str
    name: str
    truth: tuple[str, ...]
    diagnosis: Diagnosis | None
    seconds: float
    is_ambiguous: bool = False
    error: str = ""

    @property
    def cause(self) -> str:
        """The cause named, ``none`` where none is."""
        return self.error or (self.diagnosis.cause if self.diagnosis else "none")

    @property
    def is_first(self) -> bool:
        """Whether the cause is right."""
        return self.cause in (self.truth or ("none",))

    @property
    def is_among_three(self) -> bool:
        """Whether the right cause is the first or one of the two next."""
        others = self.diagnosis.alternatives[:2] if self.diagnosis else ()
        return self.is_first or any(other.cause in self.truth for other in others)

    @property
    def is_wrongly_verified(self) -> bool:
        """Whether a wrong cause is claimed as proved."""
        verified = self.diagnosis is not None and self.diagnosis.grade is Grade.verified
        return verified and not self.is_first

    @property
    def half(self) -> str:
        """Which half of the material: thresholds were changed with an eye on ``seen`` only."""
        return "seen" if zlib.crc32(self.name.encode()) % 2 else "held"


def main() -> None:
    """Diagnose everything that was asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--only", choices=("cases", "runs", "samples"))
    parser.add_argument("--match", default="", help="only names that contain this")
    parser.add_argument("-v", "--verbose", action="store_true", help="one line a result")
    options = parser.parse_args()
    results = []
    for group, name, evidence, truth, is_ambiguous in material(options):
        begin = time.perf_counter()
        result = judged(group, name, evidence, truth, is_ambiguous, begin)
        results.append(result)
        if options.verbose or not result.is_first:
            print(line(result), flush=True)
    report(results)


def material(options: argparse.Namespace) -> Iterator[tuple[str, str, Any, tuple[str, ...], bool]]:
    """Yield (group, name, thunk of the evidence, acceptable causes, ambiguous)."""
    if options.only in (None, "cases"):
        folders = [options.data / "cases" / "plain", options.data / "cases" / "library",
                   ROOT / "tests" / "cases"]  # fmt: skip
        for path in sorted(p for folder in folders for p in folder.glob("*.py")):
            if options.match in path.stem and not path.stem.startswith("_"):
                yield from case(path)
    runs = [("runs", options.data / "runs"), ("samples", ROOT / "sample_checkpoints")]
    for group, folder in runs:
        if options.only not in (None, group) or not folder.is_dir():
            continue
        for path in sorted(p for p in folder.iterdir() if (p / "metrics.csv").exists()):
            if options.match in path.name:
                yield from run(group, path)


def case(path: Path) -> Iterator[tuple[str, str, Any, tuple[str, ...], bool]]:
    """Yield a replay case; one whose libraries are not installed is skipped."""
    try:
        module = loaded(path)
    except ImportError as error:
        print(f"skipped {path.stem}: {error}")
        return
    truth = getattr(module, "TRUTH", None)
    if truth is None:
        return
    cause = truth["cause"]
    also = truth.get("cause_also", [])
    accepted = (
        () if cause in ("none", None) else (cause, *([also] if isinstance(also, str) else also))
    )
    yield "cases", path.stem, lambda: case_evidence(module), accepted, False


def run(group: str, path: Path) -> Iterator[tuple[str, str, Any, tuple[str, ...], bool]]:
    """Yield a run directory with its truth."""
    truth = truth_of_run(group, path)
    if truth is None:
        return
    yield group, path.name, lambda: run_evidence(path), *truth


def truth_of_run(group: str, path: Path) -> tuple[tuple[str, ...], bool] | None:
    """Return (acceptable causes, ambiguous); None where the run is left out of scoring."""
    if group == "samples":
        healthy = path.name.startswith("healthy")
        return (() if healthy else (expected_of_sample(path),)), False
    truth = json.loads((path / "truth.json").read_text())
    if truth["exclude"]:
        return None
    if not truth["crashed"]:
        return (), truth["ambiguous"]
    return SAME.get(truth["cause"], (truth["cause"],)), truth["ambiguous"]


def expected_of_sample(path: Path) -> str:
    """Return the cause that a shipped run's table promises."""
    return {"corrupt_sample": "bad_input", "unnormalised_images": "unnormalised_input",
            "fp16_attention_overflow": "fp16_overflow"}.get(path.name, path.name)  # fmt: skip


def case_evidence(module: ModuleType) -> Evidence:
    """Observe a case and run the interventions that apply."""
    from nandoctor.interventions import run_trials
    from nandoctor.tracing import observe

    target = case_target(module)
    facts = observe(target)
    trials = run_trials(target, facts, budget_seconds=60.0)
    return Evidence(command="replay", replay=facts, trials=trials)


def case_target(module: ModuleType) -> Any:
    """Build the failing step of a case."""
    from nandoctor.snapshot import capture_rng
    from nandoctor.target import ReplayTarget

    model = module.build_model()
    batch = module.make_batch()
    builder = getattr(module, "build_optimizer", None)
    return ReplayTarget(
        model=model, batch=batch, compute_loss=module.compute_loss,
        optimizer=builder(model) if builder else None, rng=capture_rng(),
    )  # fmt: skip


def run_evidence(path: Path) -> Evidence:
    """Observe a run directory as the command does."""
    from nandoctor.pipeline.collect import collect_run
    from nandoctor.pipeline.settings import Settings

    return collect_run(path, Settings(budget=60.0))


def loaded(path: Path) -> ModuleType:
    """Import a file under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"case_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def judged(
    group: str, name: str, thunk: Any, truth: tuple[str, ...], is_ambiguous: bool, begin: float
) -> Result:
    """Diagnose one thing; a failure is a result as well."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            evidence = thunk()
        diagnosis = decision.diagnose(evidence, run_rules(evidence))
        error = ""
    except Exception as problem:
        diagnosis, error = None, f"failed: {type(problem).__name__}: {problem}"[:120]
    seconds = time.perf_counter() - begin
    return Result(group, name, truth, diagnosis, seconds, is_ambiguous, error)


def line(result: Result) -> str:
    """Return one result as a line."""
    mark = "ok " if result.is_first else "3rd" if result.is_among_three else "NO "
    diagnosis = result.diagnosis
    grade = f"{diagnosis.grade.name} {diagnosis.confidence:.2f}" if diagnosis else ""
    mechanism = f" by {diagnosis.mechanism}" if diagnosis and diagnosis.mechanism else ""
    others = [a.cause for a in diagnosis.alternatives[:3]] if diagnosis else []
    wanted = "|".join(result.truth) or "none"
    flag = " AMBIGUOUS" if result.is_ambiguous else ""
    return (f"{mark} {result.half} {result.name:32s} {wanted:28s} -> {result.cause}{mechanism} "
            f"{grade} {others} {result.seconds:.1f}s{flag}")  # fmt: skip


def report(results: Iterable[Result]) -> None:
    """Print the figures of every group and half, then the confusion table."""
    results = list(results)
    print(f"\n{'group':9s}{'half':6s}{'top-1':>14s}{'by cause':>10s}{'top-3':>14s}"
          f"{'abstains':>10s}{'wrongly verified':>18s}{'quiet':>12s}")  # fmt: skip
    for group in ("cases", "runs", "samples"):
        for half in ("seen", "held", "all"):
            for strict in (True, False) if group == "runs" else (False,):
                mine = [r for r in results if r.group == group and half in (r.half, "all")]
                mine = [r for r in mine if not (strict and r.is_ambiguous)]
                if mine:
                    print(f"{group:9s}{half:6s}{figures(mine)}{'  unambiguous' if strict else ''}")
    confusion(results)


def figures(results: list[Result]) -> str:
    """Return one line of figures."""
    faulty = [r for r in results if r.truth]
    sound = [r for r in results if not r.truth]
    by_cause: dict[str, list[bool]] = defaultdict(list)
    for result in faulty:
        by_cause[result.truth[0]].append(result.is_first)
    average = sum(sum(v) / len(v) for v in by_cause.values()) / max(len(by_cause), 1)
    return (
        f"{share([r.is_first for r in faulty]):>14s}{100 * average:9.1f}%"
        f"{share([r.is_among_three for r in faulty]):>14s}"
        f"{sum(r.cause == 'none' for r in faulty):10d}"
        f"{sum(r.is_wrongly_verified for r in results):18d}"
        f"{share([r.is_first for r in sound]):>12s}"
    )


def share(flags: list[bool]) -> str:
    """Return ``right/all percent``."""
    return f"{sum(flags)}/{len(flags)} {100 * sum(flags) / len(flags):.0f}%" if flags else "-"


def confusion(results: list[Result]) -> None:
    """Print what was said instead, per true cause."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        table[result.truth[0] if result.truth else "none"][result.cause] += 1
    print(f"\n{'true cause':26s} {'right':>7s}   named instead")
    for cause, said in sorted(table.items()):
        wrong = ", ".join(f"{name} {n}" for name, n in said.most_common() if name != cause)
        print(f"{cause:26s} {said[cause]:3d}/{sum(said.values()):<3d}   {wrong}")


if __name__ == "__main__":
    main()
