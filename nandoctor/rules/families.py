"""Which weights are the same weight of different layers, and how large each is; judges nothing."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable

from nandoctor.evidence import TensorStats

_INDEX = re.compile(r"(?<![^.])\d+(?![^.])")
_VECTOR = re.compile(r"(?i)bias$|norm[^.]*(\.(weight|scale|gamma|beta))?$|\.ln_\w+\.weight$")
_STARTS_AT_ZERO = re.compile(r"(?i)lora_(embedding_)?B\b")


def families_of(tensors: Iterable[TensorStats]) -> list[list[TensorStats]]:
    """Group weight matrices of one shape whose names differ in indices only.

    Sequential models name layers of any kind by an index alone (``net.0.weight``): those are no
    family, since the module itself, not its place in a block, is what the index counts.
    """
    groups: dict[tuple[str, tuple[int, ...]], list[TensorStats]] = defaultdict(list)
    for tensor in tensors:
        if is_matrix(tensor):
            groups[_INDEX.sub("#", tensor.name), tensor.shape].append(tensor)
    return [group for (name, _), group in groups.items() if "#" not in name.split(".")[-2:]]


def is_matrix(tensor: TensorStats) -> bool:
    """Whether it is a weight that mixes channels, not a bias or the scale of a norm.

    Where a framework stacks its layers (Megatron, scanned layers), these have two dimensions, too.
    """
    is_flat = sum(size > 1 for size in tensor.shape) < 2
    return tensor.role == "parameter" and not is_flat and not _VECTOR.search(tensor.name)


def rms(tensor: TensorStats) -> float:
    """Root mean square of the finite elements but the largest, which a flipped bit would drown."""
    if tensor.rms_rest is not None:
        return tensor.rms_rest
    return (tensor.l2 or 0.0) / math.sqrt(max(tensor.numel - tensor.num_nonfinite, 1))


def gain(tensor: TensorStats) -> float:
    """By how much it amplifies noise: 1/sqrt(3) to 2 as initialised, some units when trained."""
    return rms(tensor) * math.sqrt(tensor.numel / max(tensor.shape[0], 1))


def starts_at_zero(tensor: TensorStats) -> bool:
    """Whether its name says that it is zero before training (LoRA's second factor)."""
    return _STARTS_AT_ZERO.search(tensor.name) is not None
