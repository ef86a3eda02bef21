"""The random generators that a step may draw from."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def capture_rng() -> dict[str, Any]:
    """Return the state of every random generator that a step may use, of every device."""
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state(),
        "python": random.getstate(),
    }
    if _has_cuda_state():
        state["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_rng(state: dict[str, Any]) -> None:
    """Set the random generators; a kind that the state does not hold stays as it is."""
    if "torch" in state:
        torch.set_rng_state(state["torch"])
    if "numpy" in state:
        np.random.set_state(state["numpy"])
    if "python" in state:
        random.setstate(state["python"])
    if "cuda" in state and torch.cuda.is_available():
        for device, value in zip(range(torch.cuda.device_count()), state["cuda"], strict=False):
            torch.cuda.set_rng_state(value, device)
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])


def _has_cuda_state() -> bool:
    return torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]


def random_fingerprint(model: torch.nn.Module) -> tuple[Any, ...]:
    """Return what changes as soon as the step draws a random number, also from a module's own."""
    states = [torch.get_rng_state()]
    if _has_cuda_state():
        states += torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        states.append(torch.mps.get_rng_state())
    kinds = (torch.Generator, np.random.Generator)
    # By type(): isinstance of a torch.Generator runs Python code, and there are many attributes.
    own = [v for module in model.modules() for v in vars(module).values() if type(v) in kinds]
    states += [value.get_state() for value in own if type(value) is torch.Generator]
    numpy: Any = np.random.get_state()
    numpys = [v.bit_generator.state for v in own if type(v) is np.random.Generator]
    return (
        *(state.numpy().tobytes() for state in states),
        *(numpy[1].tobytes(), numpy[2], random.getstate(), str(numpys)),
    )
