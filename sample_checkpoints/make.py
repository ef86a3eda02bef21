"""Trains the sample runs until they crash: ``python sample_checkpoints/make.py [RUN ...]``.

Each run directory brings its own replay.py (model, loss, optimizer, schedule, data); what breaks
in the machine rather than in the code is done to the training here.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from trainer import Fault, start, train

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Run:
    """What make.py knows of a run beyond its replay.py.

    Args:
        good_step: The saved step that is shipped as the last good checkpoint.
        fault: What the machine does to the training before a step.
    """

    good_step: int
    fault: Fault | None = None


RUNS = {
    "corrupt_sample": Run(good_step=600),
    "healthy": Run(good_step=350),
    "learning_rate_too_high": Run(good_step=300),
    "log_of_zero": Run(good_step=1050),
}


def make(name: str, output: Path) -> int:
    """Train one run into a directory and return the step of its debug checkpoint."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    output.mkdir(parents=True, exist_ok=True)
    for old in [*output.glob("*.pt"), *output.glob("metrics.csv")]:
        old.unlink()
    run = RUNS[name]
    return train(start(output, HERE / name / "replay.py"), run.good_step, run.fault)


def main() -> None:
    """Make the named runs, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", metavar="RUN", help=", ".join(RUNS))
    parser.add_argument("--output", type=Path, default=HERE, help="default: beside this file")
    arguments = parser.parse_args()
    for name in arguments.runs or RUNS:
        if name not in RUNS:
            parser.error(f"no run {name!r}")
        began = time.perf_counter()
        step = make(name, arguments.output / name)
        print(f"{name}: stopped at step {step}, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
