"""States that transformers saved under other names than its classes use (VLMs, fused experts)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch


def as_library_names(
    model: torch.nn.Module, state: Mapping[str, torch.Tensor]
) -> Mapping[str, torch.Tensor] | None:
    """Return a state under the names and layout of a transformers model.

    ``save_pretrained`` writes the names of old versions, so that those still read the file; only
    the library knows the way back.

    Returns:
        None where the model is no transformers model, or the state is not one of its class.
    """
    build: Any = getattr(type(model), "from_pretrained", None)
    config = getattr(model, "config", None)
    if build is None or config is None or not type(model).__module__.startswith("transformers."):
        return None
    try:
        with torch.random.fork_rng(devices=[]), _silent():
            loaded, found = build(
                None, config=config, state_dict=dict(state), dtype="auto", output_loading_info=True
            )
    except Exception:  # whatever a library of another version raises, the names stay as they are
        return None
    is_whole = not any(
        found.get(f"{kind}_keys") for kind in ("missing", "unexpected", "mismatched")
    )
    return dict(loaded.state_dict()) if is_whole else None


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep the library's progress bars and warnings out of the report."""
    from importlib import import_module

    logging: Any = import_module("transformers.utils.logging")
    verbosity, has_bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if has_bar:
            logging.enable_progress_bar()
