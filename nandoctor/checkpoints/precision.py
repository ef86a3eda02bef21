"""The numeric precision that a checkpoint gives away: its settings first, then its dtypes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nandoctor.checkpoints.naming import TensorHandle
from nandoctor.checkpoints.pickle_objects import Global

_KEYS = [
    "precision",
    "mixed_precision",
    "dtype",
    "amp_dtype",
    "autocast_dtype",
    "torch_dtype",
    "params_dtype",
]
_MIXED = ["mixed_precision", "amp_dtype", "autocast_dtype"]
_BF16 = re.compile(r"(?i)bf16|bfloat16")
_FP16 = re.compile(r"(?i)fp16|float16|half|(^|\D)16(\D|$)")
_OF_DTYPE = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16", "float64": "fp64"}


def precision_of(
    places: Sequence[Mapping[Any, Any]], handles: Sequence[TensorHandle], *, has_scaler: bool
) -> str | None:
    """Return fp32, fp16, bf16, fp64, or ``*_amp`` where the parameters stay wider than the ops.

    A loss scaler means fp16. Where nothing is said it is the dtype of most parameters.
    """
    numel: dict[str, int] = {}
    for handle in handles:
        if handle.role == "parameter" and handle.ref.dtype in _OF_DTYPE:
            numel[handle.ref.dtype] = numel.get(handle.ref.dtype, 0) + handle.ref.numel
    stored = _OF_DTYPE[max(numel, key=lambda name: numel[name])] if numel else None
    spoken = _spoken(places)
    if spoken and spoken != stored:
        return spoken if spoken in ("fp32", "fp64") or stored is None else f"{spoken}_amp"
    if has_scaler and stored in (None, "fp32"):
        return "fp16_amp"
    return stored


def _spoken(places: Sequence[Mapping[Any, Any]]) -> str | None:
    """Return fp16 or bf16 where a setting says so, fp32 where one says that nothing is mixed."""
    for place in places:
        for flag in ("fp16", "bf16"):
            value = place.get(flag)
            if value is True or (isinstance(value, dict) and value.get("enabled") is True):
                return flag
        for key in _KEYS:
            found = _word(place.get(key), is_mixed=key in _MIXED)
            if found:
                return found
    return None


def _word(value: Any, *, is_mixed: bool) -> str | None:
    text = value.name if isinstance(value, Global) else value
    if not isinstance(text, (str, int)) or isinstance(text, bool) or len(str(text)) > 32:
        return None
    if _BF16.search(str(text)):
        return "bf16"
    if _FP16.search(str(text)):
        return "fp16"
    return "fp32" if not is_mixed and re.search(r"32", str(text)) else None
