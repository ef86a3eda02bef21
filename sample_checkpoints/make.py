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
from trainer import Fault, Training, start, train

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


def flip_exponent_bit(run: Training, step: int) -> None:
    """Flip the top exponent bit of one projector weight, once."""
    if step == 700:
        weight = run.model.get_parameter("multi_modal_projector.linear_1.weight").data
        weight[13, 13] = (weight[13, 13].view(torch.int32) ^ (1 << 30)).view(torch.float32)


class StalePage:
    """From a step on, second moments of the language model come back from a damaged page."""

    def __init__(self, first_step: int, factor: float) -> None:
        self.first_step = first_step
        self.factor = factor
        self.page: dict[str, torch.Tensor] = {}

    def __call__(self, run: Training, step: int) -> None:
        """Put the page's content where the optimizer's state was."""
        if step < self.first_step:
            return
        for name, parameter in run.model.language_model.named_parameters():
            state = run.optimizer.state[parameter]
            if "exp_avg_sq" in state:
                page = self.page.setdefault(name, state["exp_avg_sq"] * self.factor)
                state["exp_avg_sq"].copy_(page)


RUNS = {
    "all_masked_softmax": Run(good_step=1200),
    "bad_parameter": Run(good_step=650, fault=flip_exponent_bit),
    "corrupt_sample": Run(good_step=600),
    "fp16_attention_overflow": Run(good_step=400),
    "gradient_accumulation": Run(good_step=400),
    "healthy": Run(good_step=350),
    "healthy_recovered_spike": Run(good_step=500),
    "learning_rate_too_high": Run(good_step=300),
    "loss_scale_collapse": Run(good_step=700),
    "log_of_zero": Run(good_step=1050),
    "missing_warmup": Run(good_step=0),
    "optimizer_state": Run(good_step=400, fault=StalePage(420, 2**-10)),
    "unnormalised_images": Run(good_step=600),
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
