"""The training loop of the sample runs; which runs there are stands in make.py."""

from __future__ import annotations

import copy
import csv
import importlib.util
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

STEPS_AFTER_CRASH = 5
HISTORY = 100


@dataclass
class Training:
    """A run in progress: what its replay.py built, and what was logged so far."""

    directory: Path
    code: ModuleType
    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: Any
    scaler: torch.amp.GradScaler | None
    rows: list[dict[str, float]] = field(default_factory=list)

    @property
    def precision(self) -> str:
        """``fp32``, ``fp16`` or ``fp16_amp``."""
        return getattr(self.code, "PRECISION", "fp32")

    def accumulation_steps(self, step: int) -> int:
        """Micro-batches of an optimizer step."""
        chosen = getattr(self.code, "accumulation_steps", None)
        return chosen(step) if chosen else 1


Fault = Callable[[Training, int], None]


def load_code(path: Path) -> ModuleType:
    """Import a run's replay.py under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"sample_run_{path.parent.name}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build_scaler(code: ModuleType) -> torch.amp.GradScaler:
    """Return the loss scaler, with torch's settings where the run has none of its own."""
    return torch.amp.GradScaler("cpu", growth_interval=getattr(code, "GROWTH_INTERVAL", 2000))


def start(directory: Path, code: Path) -> Training:
    """Build the run that ``code`` describes; its files go to ``directory``."""
    random.seed(0)
    np.random.seed(0)
    module = load_code(code)
    model = module.build_model()
    optimizer = module.build_optimizer(model)
    precision = getattr(module, "PRECISION", "fp32")
    return Training(
        directory=directory,
        code=module,
        model=model,
        optimizer=optimizer,
        scheduler=module.build_scheduler(optimizer),
        scaler=build_scaler(module) if precision == "fp16_amp" else None,
    )


def snapshot(run: Training, step: int) -> dict[str, Any]:
    """Return everything a resume at ``step`` needs, as the trainer knows it."""
    _, keys, position, has_gauss, cached = np.random.get_state()
    state: dict[str, Any] = {
        "step": step,
        "model_state": run.model.state_dict(),
        "optimizer_state": run.optimizer.state_dict(),
        "scheduler_state": run.scheduler.state_dict(),
        "rng_state": {
            "torch": torch.get_rng_state(),
            "numpy": ("MT19937", keys.tolist(), position, has_gauss, cached),
            "python": random.getstate(),
        },
        "precision": run.precision,
        "lr": run.optimizer.param_groups[0]["lr"],
        "optimizer": type(run.optimizer).__name__,
        "accumulation_steps": run.accumulation_steps(step),
        "max_grad_norm": getattr(run.code, "MAX_GRAD_NORM", None),
        "data_position": step * run.code.BATCH_SIZE,
        "torch_version": str(torch.__version__),
    }
    if run.scaler is not None:
        state["scaler_state"] = run.scaler.state_dict()
    return copy.deepcopy(state)


def histories(run: Training) -> dict[str, list[float]]:
    """Return the last logged losses and gradient norms."""
    last = run.rows[-HISTORY:]
    return {
        "loss_history": [row["loss"] for row in last],
        "grad_norm_history": [row["grad_norm"] for row in last],
    }


def micro_batches(batch: dict[str, torch.Tensor], num: int) -> list[dict[str, torch.Tensor]]:
    """Split a batch along its samples."""
    parts = {name: value.chunk(num) for name, value in batch.items()}
    return [{name: parts[name][index] for name in batch} for index in range(num)]


def backward(run: Training, batch: dict[str, torch.Tensor], step: int) -> float:
    """Accumulate the gradients of one step; return the mean loss of its micro-batches."""
    losses = []
    num = run.accumulation_steps(step)
    for micro in micro_batches(batch, num) if num > 1 else [batch]:
        loss = run.code.compute_loss(run.model, micro)
        (run.scaler.scale(loss) if run.scaler else loss).backward()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def zero_grad(run: Training) -> None:
    """Drop the gradients of what is trained."""
    for parameter in run.model.parameters():
        if parameter.requires_grad:
            parameter.grad = None


def update(run: Training) -> float:
    """Clip and step; return the gradient norm before clipping."""
    if run.scaler:
        run.scaler.unscale_(run.optimizer)
    limit = getattr(run.code, "MAX_GRAD_NORM", None) or math.inf
    norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), limit).item()
    if run.scaler is None:
        run.optimizer.step()
        run.scheduler.step()
    else:
        scale = run.scaler.get_scale()
        run.scaler.step(run.optimizer)
        run.scaler.update()
        if run.scaler.get_scale() >= scale:
            run.scheduler.step()
    return norm


def one_step(run: Training, step: int) -> dict[str, torch.Tensor]:
    """Train one step and log it; return its batch."""
    before_step = getattr(run.code, "before_step", None)
    if before_step:
        before_step(run.model, step)
    batch = run.code.make_batch(step)
    zero_grad(run)
    row = {"step": step, "lr": run.optimizer.param_groups[0]["lr"]}
    if run.scaler:
        row["loss_scale"] = run.scaler.get_scale()
    row["loss"] = backward(run, batch, step)
    row["grad_norm"] = update(run)
    run.rows.append(row)
    return batch


def has_no_scale(run: Training) -> bool:
    """Whether the loss scale fell below what the run allows, which ends it."""
    return run.scaler is not None and run.scaler.get_scale() < run.code.MIN_LOSS_SCALE


def is_dead(run: Training) -> bool:
    """Whether the last step gave a non-finite loss or left no usable loss scale."""
    return not math.isfinite(run.rows[-1]["loss"]) or has_no_scale(run)


def train(run: Training, good_step: int, fault: Fault | None = None) -> int:
    """Train until the run dies or its steps are done; write its files.

    Returns:
        The step of the debug checkpoint.
    """
    crash = None
    for step in range(run.code.STEPS):
        if fault:
            fault(run, step)
        before = snapshot(run, step)
        if step == good_step:
            good = {**before, **histories(run)}
            torch.save(good, run.directory / f"last_good_step_{step}.pt")
        batch = one_step(run, step)
        is_last = step == run.code.STEPS - 1
        if crash is None and (is_dead(run) or is_last):
            crash = step
            save = {**before, **histories(run)}
            torch.save(save, run.directory / f"debug_checkpoint_step_{step}.pt")
            torch.save(batch, run.directory / "batch.pt")
        if crash is not None and (step == crash + STEPS_AFTER_CRASH or has_no_scale(run)):
            break
    write_metrics(run)
    assert crash is not None
    return crash


def write_metrics(run: Training) -> None:
    """Write the log as the trainer would have, row by row."""
    names = ["step", "loss", "grad_norm", "lr", *(["loss_scale"] if run.scaler else [])]
    with (run.directory / "metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(run.rows)
