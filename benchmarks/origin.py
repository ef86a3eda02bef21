"""Origin accuracy on cases whose truth is known, beside other locators, and what tracing costs.

    python benchmarks/origin.py [--data DIR] [--cases DIR ...] [--only TEXT] [--no-cost] [-v]

DIR (default ../shared) holds cases/plain and cases/library (the latter need transformers); our own
tests/cases are always measured. Costs are CPU time, as ratios to a plain forward and backward
within one process, medians over alternating rounds, with one torch thread.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from peers import PEERS, Named
from torch import nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from nandoctor.evidence import ReplayFacts  # noqa: E402
from nandoctor.snapshot import restore_rng  # noqa: E402
from nandoctor.step import backward, forward, with_fixed_rng  # noqa: E402
from nandoctor.target import ReplayTarget  # noqa: E402
from nandoctor.tracing import observe  # noqa: E402
from nandoctor.tracing.records import Plan  # noqa: E402
from nandoctor.tracing.runs import watched  # noqa: E402

ASPECTS = ("phase", "op", "module", "line", "samples")


def load(path: Path) -> ModuleType:
    """Import a case file."""
    spec = importlib.util.spec_from_file_location(f"case_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def target_of(case: ModuleType) -> ReplayTarget:
    """Build the step in the order of the protocol."""
    model = case.build_model()
    batch = case.make_batch()
    optimizer = case.build_optimizer(model) if hasattr(case, "build_optimizer") else None
    return with_fixed_rng(ReplayTarget(model, batch, case.compute_loss, optimizer))


def marked_lines(path: Path, truth: dict[str, Any]) -> list[int]:
    """Return the lines that may be named as the origin's."""
    marks = [mark for mark in (truth.get("marker"), "# ALT") if mark]
    text = path.read_text().splitlines()
    return [i for i, line in enumerate(text, 1) if any(mark in line for mark in marks)]


def is_right_line(
    path: Path, truth: dict[str, Any], places: list[tuple[str, int, str, str]]
) -> bool:
    """Whether one of the places (file, line, function, code) is the truth's."""
    if truth.get("marker"):
        lines = marked_lines(path, truth)
        return any(Path(file).name == path.name and line in lines for file, line, *_ in places)
    for file, _, function, code in places:
        same = (
            file.endswith(truth["file"])
            and function.split(".")[-1] == truth["function"].split(".")[-1]
        )
        if same and (truth.get("line") or "") in code:
            return True
    return False


def score_ours(path: Path, truth: dict[str, Any], facts: ReplayFacts) -> dict[str, bool]:
    """Compare our facts with the truth."""
    origin = facts.origin
    if truth["phase"] == "none":
        return {"quiet": not facts.is_reproduced and origin is None}
    if origin is None:
        return dict.fromkeys(ASPECTS, False)
    places = [
        (s.file, s.line, s.function, s.code) for s in (origin.source, origin.user_source) if s
    ]
    samples = list(origin.samples) if origin.samples is not None else None
    right = {
        "phase": origin.phase == truth["phase"],
        "op": bool({origin.op, origin.forward_op} & set(truth["op"])),
        "module": origin.module in [truth["module"], *_listed(truth.get("module_also"))],
        "samples": samples == truth["samples"],
    }
    if truth.get("marker") or truth.get("file"):
        right["line"] = is_right_line(path, truth, places)
    return right


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def score_peer(path: Path, truth: dict[str, Any], named: Named) -> dict[str, bool]:
    """Compare what a peer names with the truth."""
    if truth["phase"] == "none":
        return {"quiet": not named.is_alarm}
    right = {
        "phase": False,
        "op": named.op in truth["op"],
        "module": named.module in [truth["module"], *_listed(truth.get("module_also"))],
        "samples": False,
    }
    if not named.is_alarm:
        right = dict.fromkeys(right, False)
    if truth.get("marker") or truth.get("file"):
        place = [(named.file, named.line, named.function, named.code)]
        right["line"] = is_right_line(path, truth, place)
    return right


def run_peer(name: str, case: ModuleType) -> Named:
    """Build the case anew and run one peer on it."""
    target = target_of(case)
    restore_rng(target.rng)

    def step() -> None:
        loss = forward(target, target.batch)
        backward(target, loss)
        if target.optimizer is not None:
            target.optimizer.step()

    return PEERS[name](target.model, step)


def accuracy(paths: list[Path], is_verbose: bool) -> None:
    """Print right / cases for each aspect and tool."""
    totals: dict[str, Counter[str]] = {}
    counts: dict[str, Counter[str]] = {}
    for path in paths:
        case = load(path)
        facts = observe(target_of(case))
        results = {"nandoctor": score_ours(path, case.TRUTH, facts)}
        for name in PEERS:
            results[name] = score_peer(path, case.TRUTH, run_peer(name, case))
        for tool, right in results.items():
            totals.setdefault(tool, Counter()).update({k: int(v) for k, v in right.items()})
            counts.setdefault(tool, Counter()).update(dict.fromkeys(right, 1))
        wrong = [aspect for aspect, good in results["nandoctor"].items() if not good]
        if wrong or is_verbose:
            print(f"  {path.stem:44s} {'wrong: ' + ', '.join(wrong) if wrong else 'ok'}")
            if wrong and facts.origin is not None:
                o = facts.origin
                print(
                    f"    named {o.phase} {o.module!r} {o.op}/{o.forward_op} {o.samples} {o.source}"
                )
                print(
                    f"    truth {[case.TRUTH.get(k) for k in ('phase', 'module', 'op', 'samples')]}"
                )
    print(
        f"\n{'origin, right / cases':34s}"
        + "".join(f"{a:>12s}" for a in ASPECTS)
        + "  false alarms"
    )
    for tool, right in totals.items():
        cells = "".join(f"{f'{right[a]}/{counts[tool][a]}':>12s}" for a in ASPECTS)
        alarms = counts[tool]["quiet"] - right["quiet"]
        print(f"{tool:34s}{cells}  {alarms}/{counts[tool]['quiet']}")


class Block(nn.Module):
    """A pre-norm transformer block with a causal mask of -inf."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attend, then transform."""
        b, t, d = x.shape
        parts = self.qkv(self.norm1(x)).split(d, 2)
        q, k, v = (z.view(b, t, self.heads, -1).transpose(1, 2) for z in parts)
        scores = (q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5
        scores = scores.masked_fill(~torch.ones(t, t, dtype=torch.bool).tril(), -torch.inf)
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.norm2(x))


def language_model(
    width: int, layers: int, vocabulary: int, batch: int, length: int
) -> ReplayTarget:
    """Return a healthy training step of a small language model."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Embedding(vocabulary, width),
        *(Block(width, 4) for _ in range(layers)),
        nn.Linear(width, vocabulary),
    )
    ids = torch.randint(0, vocabulary, (batch, length))

    def loss(model: nn.Module, ids: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(model(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten())

    return with_fixed_rng(ReplayTarget(model, ids, loss))


SIZES = {"tiny (0.1 M)": (64, 2, 200, 4, 32), "12 M": (384, 5, 4000, 4, 128)}


def cost(rounds: int) -> None:
    """Print what a healthy check, a trace and a whole observation cost."""
    columns = ("healthy", "trace", "fails fwd", "fails bwd")
    print(f"\n{'CPU time / plain fwd+bwd':34s}" + "".join(f"{c:>12s}" for c in columns))
    for size, shape in SIZES.items():
        target = language_model(*shape)

        def log_of_zero(m: Any, b: Any, t: ReplayTarget = target) -> torch.Tensor:
            return t.compute_loss(m, b) + (b[1] * 0.0).sum().log()

        def sqrt_at_zero(m: Any, b: Any, t: ReplayTarget = target) -> torch.Tensor:
            return t.compute_loss(m, b) + (m[0](b[:1]) * 0).sum().sqrt()

        bad = replace(target, compute_loss=log_of_zero)
        worse = replace(target, compute_loss=sqrt_at_zero)
        timed: dict[str, Callable[[], object]] = {
            "plain": lambda t=target: _plain(t),
            "healthy": lambda t=target: observe(t),
            "trace": lambda t=target: watched(t, "backward", Plan(), {}),
            "fails fwd": lambda t=bad: observe(t),
            "fails bwd": lambda t=worse: observe(t),
        }
        seconds: dict[str, list[float]] = {name: [] for name in timed}
        for _ in range(rounds + 1):
            for name, run in timed.items():
                start = time.process_time()
                run()
                seconds[name].append(time.process_time() - start)
        base = seconds.pop("plain")[1:]
        cells = [
            statistics.median(a / b for a, b in zip(t[1:], base, strict=True))
            for t in seconds.values()
        ]
        print(f"{size:34s}" + "".join(f"{f'{cell:.2f}x':>12s}" for cell in cells))


def _plain(target: ReplayTarget) -> None:
    for parameter in target.model.parameters():
        parameter.grad = None
    torch.autograd.backward(target.compute_loss(target.model, target.batch))


def memory() -> None:
    """Print the peak memory of a trace over that of a plain step, each in a process of its own."""
    peaks = {}
    for name in ("nothing", "plain", "trace"):
        command = [sys.executable, __file__, "--peak", name]
        peaks[name] = float(
            subprocess.run(command, capture_output=True, text=True, check=True).stdout
        )
    ratio = (peaks["trace"] - peaks["nothing"]) / (peaks["plain"] - peaks["nothing"])
    print(f"\npeak memory of a trace / plain, over the process before it: {ratio:.2f}x")


def peak(name: str) -> None:
    """Print the peak resident memory in MiB after one run (Linux)."""
    target = language_model(*SIZES["12 M"][:3], 8, 128)
    if name == "plain":
        _plain(target)
    elif name == "trace":
        watched(target, "backward", Plan(), {})
    status = Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--cases", type=Path, nargs="*", default=[])
    parser.add_argument("--only", default="")
    parser.add_argument("--no-cost", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.peak:
        peak(options.peak)
        return
    warnings.simplefilter("ignore")
    folders = [options.data / "cases" / "plain", ROOT / "tests" / "cases", *options.cases]
    if "DebugUnderflowOverflow" in PEERS:
        folders.insert(1, options.data / "cases" / "library")
    else:
        print("transformers is not installed: library cases and DebugUnderflowOverflow left out")
    for folder in folders:
        files = [path for path in sorted(folder.glob("*.py")) if options.only in path.name]
        paths = [path for path in files if "def build_model" in path.read_text()]
        if paths:
            print(f"\n{folder}: {len(paths)} cases")
            accuracy(paths, options.verbose)
    if not options.no_cost:
        cost(options.rounds)
        memory()


if __name__ == "__main__":
    main()
