"""A Hugging Face directory: config.json names the class; no remote code, nothing downloaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from nandoctor.checkpoints import load_state
from nandoctor.errors import MissingExtraError, ReplayError
from nandoctor.targets.blueprint import Blueprint
from nandoctor.targets.user_code import first_line
from nandoctor.targets.weights import load_weights

_CONFIG, _ADAPTER = "config.json", "adapter_config.json"


def is_huggingface(path: Path) -> bool:
    """Whether a directory holds a transformers model or a PEFT adapter."""
    return path.is_dir() and ((path / _CONFIG).is_file() or (path / _ADAPTER).is_file())


def open_huggingface(path: Path) -> Blueprint:
    """Return the blueprint of a directory; the weights are loaded like any other checkpoint.

    Raises:
        MissingExtraError: transformers (or, for an adapter, peft) is not installed.
    """
    _required("transformers")
    is_adapter = (path / _ADAPTER).is_file()
    return Blueprint(
        origin=str(path),
        build_model=lambda: _build(path),
        weights=None if is_adapter else path,
        loaded=path if is_adapter else None,  # its base and itself
    )


def _build(path: Path) -> torch.nn.Module:
    if (path / _ADAPTER).is_file():
        return _with_adapter(path)
    import transformers

    described = _json(path / _CONFIG)
    try:
        config = transformers.AutoConfig.from_pretrained(
            path, trust_remote_code=False, local_files_only=True
        )
    except (ValueError, OSError, KeyError) as error:
        raise _refusal(path, described, first_line(error)) from error
    names = described.get("architectures") or []
    cls = next((c for c in (getattr(transformers, str(n), None) for n in names) if c), None)
    if cls is None:
        if names:
            raise _refusal(path, described, f"this transformers has no {names[0]}")
        build: Any = transformers.AutoModel.from_config
        model: torch.nn.Module = build(config)
        return model
    model = cls(config)
    return model


def _refusal(path: Path, described: dict[str, Any], reason: str) -> ReplayError:
    remote = "auto_map" in described
    return ReplayError(
        f"{path}: the model class cannot be built: {reason}",
        hint="it needs code of its own, which is not run from a directory: write a replay.py"
        if remote
        else "install the transformers version that wrote it, or write a replay.py",
    )


def _with_adapter(path: Path) -> torch.nn.Module:
    peft = _required("peft")
    described = _json(path / _ADAPTER)
    base = Path(str(described.get("base_model_name_or_path") or "(unnamed)"))
    places = [base, path / base, path.parent]
    found = next((place for place in places if (place / _CONFIG).is_file()), None)
    if found is None:
        raise ReplayError(
            f"{path}: the adapter's base model {str(base)!r} is not on this machine",
            hint="put its directory there, or write a replay.py that builds it",
        )
    model = _build(found)
    load_weights(model, load_state(found).model, str(found), allow_mismatch=False)
    adapted: torch.nn.Module = peft.PeftModel.from_pretrained(
        model, str(path), is_trainable=True, local_files_only=True
    )
    return adapted


def _required(library: str) -> Any:
    from importlib import import_module

    try:
        return import_module(library)
    except ImportError as error:
        raise MissingExtraError(library, "hf") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ReplayError(f"{path}: {first_line(error)}", hint="the file is damaged") from error
    if not isinstance(content, dict):
        raise ReplayError(f"{path}: not a JSON object", hint="the file is damaged")
    return content
