"""Reading of logs, measured: how many real logs are read right, how fast, in how much memory.

python benchmarks/logs.py [--data DIR] [--lines N]      DIR holds logs/series.jsonl and runs/
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from nandoctor.errors import NandoctorError
from nandoctor.logs import read_log

NUMBER = r"([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf))"
STEP = re.compile(r"(?:global_step|step|iter(?:ation)?)['\"]?[\s:=]+(\d+)", re.IGNORECASE)
LOSS = re.compile(r"(?:lm )?loss['\"]?[\s:=]+" + NUMBER, re.IGNORECASE)
NORM = re.compile(r"grad[_ ]norm['\"]?[\s:=]+" + NUMBER, re.IGNORECASE)


def series(data: Path) -> Iterator[dict[str, object]]:
    """Yield the verified loss series of the corpus."""
    with (data / "logs" / "series.jsonl").open() as file:
        yield from map(json.loads, file)


def half_of(name: str) -> str:
    """Return which half of the corpus a file belongs to: the split is by a hash of its name."""
    return "A" if int(hashlib.md5(name.encode()).hexdigest(), 16) % 2 == 0 else "B"


def is_read_right(path: Path, expected: dict[str, object]) -> tuple[bool, bool]:
    """Whether the loss series, and whether the steps too, are exactly what the corpus says."""
    try:
        history = read_log(str(path)).history
    except NandoctorError:
        return False, False
    if history.loss is None:
        return False, False
    logged = history.loss.logged
    losses = [float(value) for value in expected["loss"]]  # type: ignore[attr-defined]
    found = history.loss.values[logged]
    if "CAPPED" in str(expected["note"]):
        found = found[: len(losses)]
    right = len(found) == len(losses) and all(map(same, found.tolist(), losses))
    steps = expected["step"] or []
    pairs = zip(history.step[logged].tolist(), steps, strict=False)  # type: ignore[call-overload]
    return right, right and all(want is None or want == got for got, want in pairs)


def same(a: float, b: float) -> bool:
    """Whether two values are equal to the last digits that the corpus kept."""
    return (math.isnan(a) and math.isnan(b)) or a == b or abs(a - b) <= 1e-12 * abs(b)


def correctness(data: Path) -> None:
    """Print the share of real logs read right without options, in both halves."""
    counts: dict[str, list[int]] = {"A": [0, 0, 0], "B": [0, 0, 0]}
    wrong: list[str] = []
    for expected in series(data):
        name = str(expected["file"])
        right, with_steps = is_read_right(data / "logs" / name, expected)
        for place, value in enumerate((1, right, with_steps)):
            counts[half_of(name)][place] += value
        if not right:
            wrong.append(name)
    print("real logs read right without options (loss exact; loss and steps exact)")
    for half, (total, right, with_steps) in counts.items():
        print(f"  half {half}: {right}/{total}   {with_steps}/{total}")
    total, right = sum(c[0] for c in counts.values()), sum(c[1] for c in counts.values())
    print(f"  all:    {right}/{total} = {right / total:.1%}   not read right: {', '.join(wrong)}")
    runs = sorted((data / "runs").glob("*/metrics.csv"))
    good = sum(len(read_log(str(run)).history) == _rows(run) for run in runs)
    print(f"  small runs' metrics.csv, all rows: {good}/{len(runs)}")


def _rows(path: Path) -> int:
    return sum(1 for line in path.open() if line.strip()) - 1


def write_log(kind: str, path: Path, count: int) -> None:
    """Write a log of ``count`` lines in the style of a framework."""
    rng = random.Random(kind)
    with path.open("w") as file:
        if kind == "csv":
            file.write("step,loss,grad_norm,lr\n")
        for step in range(count):
            loss, norm = (
                2 + 3 * math.exp(-step / 5e4) + rng.gauss(0, 0.05),
                rng.lognormvariate(0, 0.3),
            )
            file.write(LINES[kind](step, loss, norm, 2e-4 * (1 - step / count), rng))


def _megatron(step: int, loss: float, norm: float, lr: float, rng: random.Random) -> str:
    shown = f"{loss:.6E}" if step % 6000 else "NAN"
    return (
        f" [2024-01-01 {step // 3600 % 24:02d}:{step // 60 % 60:02d}:{step % 60:02d}] iteration "
        f"{step:8d}/ 5000000 | consumed samples: {step * 64:12d} | elapsed time per iteration "
        f"(ms): {rng.uniform(400, 500):.1f} | throughput per GPU (TFLOP/s/GPU): "
        f"{rng.uniform(99, 200):.1f} | learning rate: {lr:.6E} | global batch size:    64 | "
        f"lm loss: {shown} | loss scale: 1.0"
        f" | grad norm: {norm:.3f} | num zeros: 0.0 | params norm: {rng.uniform(100, 110):.3f} | "
        "number of skipped iterations:   0 | number of nan iterations:   0 |\n"
    )


def _nanogpt(step: int, loss: float, norm: float, lr: float, rng: random.Random) -> str:
    line = f"iter {step}: loss {loss:.4f}, time {rng.uniform(50, 60):.2f}ms, mfu {norm:.2f}%\n"
    return (
        line if step % 250 else f"step {step}: train loss {loss:.4f}, val loss {loss:.4f}\n{line}"
    )


LINES: dict[str, Callable[[int, float, float, float, random.Random], str]] = {
    "hf dict": lambda step, loss, norm, lr, rng: (
        f"{{'loss': {round(loss, 4)}, 'grad_norm': {norm}, 'learning_rate': {lr}, "
        f"'epoch': {step / 1000:.2f}}}\n"
    ),
    "megatron": _megatron,
    "nanogpt": _nanogpt,
    "csv": lambda step, loss, norm, lr, rng: f"{step},{loss},{norm},{lr}\n",
}


def naive(path: Path) -> int:
    """Read a log as a quick script does: three regular expressions a line."""
    rows = []
    with path.open() as file:
        for line in file:
            loss = LOSS.search(line)
            if loss:
                step, norm = STEP.search(line), NORM.search(line)
                rows.append((step and int(step[1]), float(loss[1]), norm and float(norm[1])))
    return len(rows)


def pandas_c(path: Path) -> int:
    """Read a CSV with pandas' C engine."""
    import pandas as pd

    return len(pd.read_csv(path, engine="c"))


def cpu_seconds(read: Callable[[Path], int], path: Path, rounds: int) -> float:
    """Return the best CPU time of a few rounds."""
    best = math.inf
    for _ in range(rounds):
        start = time.process_time()
        read(path)
        best = min(best, time.process_time() - start)
    return best


def speed(count: int) -> None:
    """Print CPU seconds and the ratio to the baseline, side by side in this process."""
    goals = {"hf dict": 8.0, "megatron": 7.0, "nanogpt": 3.5, "csv": 1.0}
    print(
        f"speed, {count:,} lines, CPU seconds, best of 2 (baseline: three regexes a line; pandas)"
    )
    with tempfile.TemporaryDirectory() as folder:
        for kind, goal in goals.items():
            path = Path(folder) / f"{kind.replace(' ', '_')}.log"
            write_log(kind, path, count)
            megabytes = path.stat().st_size / 1e6
            base = cpu_seconds(pandas_c if kind == "csv" else naive, path, 2)
            ours = cpu_seconds(lambda p: len(read_log(str(p)).history), path, 2)
            print(
                f"  {kind:9} {megabytes:6.0f} MB   baseline {base:6.2f}   nandoctor {ours:6.2f} "
                f"({megabytes / ours:4.0f} MB/s)   ratio {base / ours:5.2f} (goal {goal})"
            )


PEAK = """
import os, sys, threading, time
from nandoctor.errors import NandoctorError
from nandoctor.logs import is_log, read_events, read_log
import pandas
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
start = peak = resident()
is_over = False
def watch():
    global peak
    while not is_over:
        peak = max(peak, resident())
        time.sleep(0.001)
thread = threading.Thread(target=watch)
thread.start()
try:
    {"history": read_log, "events": read_events, "is it a log": is_log}[sys.argv[2]](sys.argv[1])
except NandoctorError:
    pass
is_over = True
thread.join()
print((max(peak, resident()) - start) / 1e6)
"""
"""Reads a log and prints by how many MB it grew at most; sampled, for VmHWM is not kept by every
kernel."""


def write_prose(path: Path, count: int) -> None:
    """Write a job log without metrics."""
    with path.open("w") as file:
        for line in range(count):
            clock = f"10:{line // 60 % 60:02d}:{line % 60:02d}"
            file.write(f"2025-01-01T{clock}Z INFO loaded shard {line} in {line % 9 / 7:.2f} s\n")


def memory(count: int) -> None:
    """Print the memory that reading takes, against the log's size."""
    print("peak memory above the imports, MB (Linux); with no history kept it must not grow")
    readers = ("history", "events", "is it a log")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("nanogpt", "csv", "prose"):
            for lines in (count // 16, count // 4, count):
                path = Path(folder) / "train.log"
                if kind == "prose":
                    write_prose(path, lines // 4)
                else:
                    write_log(kind, path, lines)
                grown = [
                    subprocess.run(
                        [sys.executable, "-c", PEAK, str(path), reader],
                        capture_output=True, text=True, check=True,
                    ).stdout.strip()
                    for reader in readers
                ]  # fmt: skip
                shown = ", ".join(
                    f"{reader} {float(megabytes):.0f}"
                    for reader, megabytes in zip(readers, grown, strict=True)
                )
                print(f"  {kind:8} {path.stat().st_size / 1e6:4.0f} MB: {shown}")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared")
    parser.add_argument("--lines", type=int, default=1_000_000)
    options = parser.parse_args()
    np.seterr(all="raise", under="ignore", invalid="ignore", over="ignore")
    if (options.data / "logs" / "series.jsonl").is_file():
        correctness(options.data)
    else:
        print(f"no corpus at {options.data}: reading is not measured")
    speed(options.lines)
    memory(options.lines)


if __name__ == "__main__":
    main()
