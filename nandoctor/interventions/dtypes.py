"""The whole step in another floating-point type: model, batch, optimizer state, autocast and the
casts that the code itself makes; which type, and when, is each intervention's own."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

import torch

from nandoctor.batches import map_tensors, named_tensors
from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.outcome import Inapplicable
from nandoctor.interventions.recompute import without_recompute
from nandoctor.interventions.site import CallMode, Repair
from nandoctor.interventions.tensors import converted_model, converted_optimizer
from nandoctor.snapshot import preserved
from nandoctor.step import forward, started
from nandoctor.target import Precision, ReplayTarget

LOW = (torch.float16, torch.bfloat16)


def low_dtypes(target: ReplayTarget, facts: ReplayFacts) -> set[torch.dtype]:
    """Return the 16-bit types that the step is known to use."""
    tensors = [*target.model.parameters(), *target.model.buffers()]
    tensors += [tensor for _, tensor in named_tensors(target.batch)]
    found = {tensor.dtype for tensor in tensors}
    if target.precision.autocast_dtype:
        found.add(getattr(torch, target.precision.autocast_dtype))
    found |= _probe.regions_of(target)
    if facts.origin:
        for side in (facts.origin.inputs, facts.origin.outputs, facts.origin.forward_inputs):
            named = {t.stats.dtype.removeprefix("torch.") for t in side}
            found |= {dtype for dtype in LOW if str(dtype).removeprefix("torch.") in named}
    return found & set(LOW)


class _Probe:
    """The types of the autocast regions that a step enters by itself; the last step's are kept."""

    def __init__(self) -> None:
        self.target: weakref.ref[ReplayTarget] | None = None
        self.found: set[torch.dtype] = set()

    def regions_of(self, target: ReplayTarget) -> set[torch.dtype]:
        """Run the forward pass once and note which types autocast regions ask for."""
        if self.target is None or self.target() is not target:
            self.found = _entered_dtypes(target)
            self.target = weakref.ref(target)
        return self.found


_probe = _Probe()


def _entered_dtypes(target: ReplayTarget) -> set[torch.dtype]:
    found: set[torch.dtype] = set()
    entered = torch.autocast.__enter__

    def enter(self: Any) -> Any:
        if self._enabled:
            found.add(self.fast_dtype)
        return entered(self)  # type: ignore[no-untyped-call]

    with mock.patch.object(torch.autocast, "__enter__", enter), preserved(target):
        try:
            with started(target) as batch:
                forward(target, batch)
        except Exception:
            return found  # the trials will meet the same error and say so
    return found


@contextlib.contextmanager
def autocast_dtype(device: str, dtype: torch.dtype | None) -> Iterator[list[bool]]:
    """Make every autocast region that the code enters use this dtype, or (None) do nothing.

    Yields a list that grows by one entry for each region that was changed.
    """
    entered = torch.autocast.__enter__
    changed: list[bool] = []

    def enter(self: Any) -> Any:
        kept = (self._enabled, self.fast_dtype)
        if self._enabled and self.fast_dtype != dtype:
            changed.append(True)
            self._enabled = dtype is not None
            self.fast_dtype = dtype if dtype is not None else self.fast_dtype
        try:
            return entered(self)  # type: ignore[no-untyped-call]
        finally:
            self._enabled, self.fast_dtype = kept

    with mock.patch.object(torch.autocast, "__enter__", enter):
        yield changed


def cast_repairs(mapping: Mapping[torch.dtype, torch.dtype]) -> dict[str, Repair]:
    """Return repairs that turn the code's own casts to some types into casts to others."""
    names = {torch.float16: "half", torch.bfloat16: "bfloat16"}

    def method(dtype: torch.dtype) -> Repair:
        return lambda func, args, kwargs: args[0].to(dtype)

    def any_dtype(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        new = tuple(mapping.get(a, a) if isinstance(a, torch.dtype) else a for a in args)
        keywords = dict(kwargs)
        if kwargs.get("dtype") in mapping:
            keywords["dtype"] = mapping[kwargs["dtype"]]
        if all(a is b for a, b in zip(args, new, strict=True)) and keywords == kwargs:
            return NotImplemented
        return func(*new, **keywords)

    repairs: dict[str, Repair] = {names[old]: method(new) for old, new in mapping.items()}
    return repairs | dict.fromkeys(_TAKES_DTYPE, any_dtype)


_TAKES_DTYPE = (
    "to", "type", "tensor", "zeros", "ones", "full", "empty", "rand", "randn", "arange",
    "zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like",
    "new_zeros", "new_ones", "new_full", "new_empty", "softmax", "log_softmax", "sum", "mean",
    "cumsum", "cumprod", "prod", "scalar_tensor", "as_tensor", "linspace",
)  # fmt: skip


def _promoted(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a product of matrices; where only the types do not fit, in the widest of them.

    A module that casts to float32 inside would otherwise stop a float64 model.
    """
    try:
        return func(*args, **kwargs)
    except RuntimeError as error:
        floats = [a.dtype for a in args if isinstance(a, torch.Tensor) and a.is_floating_point()]
        if ("dtype" not in str(error) and "type" not in str(error)) or len(set(floats)) < 2:
            raise
        widest = max(floats, key=lambda dtype: dtype.itemsize)
        new = [
            a.to(widest) if isinstance(a, torch.Tensor) and a.is_floating_point() else a
            for a in args
        ]
        return func(*new, **kwargs)


_PRODUCTS = (
    "linear", "matmul", "mm", "bmm", "addmm", "baddbmm", "__matmul__", "conv1d", "conv2d",
    "conv3d", "bilinear", "layer_norm", "batch_norm", "group_norm", "instance_norm", "rms_norm",
    "scaled_dot_product_attention", "mse_loss", "cross_entropy", "conv_transpose1d",
    "conv_transpose2d", "einsum", "prelu",
)  # fmt: skip


@contextlib.contextmanager
def in_dtypes(
    target: ReplayTarget, mapping: Mapping[torch.dtype, torch.dtype], autocast: torch.dtype | None
) -> Iterator[ReplayTarget]:
    """Yield the target with every tensor of the mapped types in the type they map to.

    Args:
        target: The failing step.
        mapping: Type to type.
        autocast: What autocast regions are to use; None = there is no autocast.

    Raises:
        Inapplicable: Nothing in the step has one of these types.
    """

    def convert(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(mapping.get(tensor.dtype, tensor.dtype))

    # A cast to 16 bits is part of the precision that is changed, one to float32 a safeguard.
    casts = {old: new for old, new in mapping.items() if old in LOW}
    with_tensors = any(t.dtype in mapping for t in _tensors(target))
    default = torch.get_default_dtype()
    mode = CallMode({**dict.fromkeys(_PRODUCTS, _promoted), **cast_repairs(casts)}, None)
    device = next((t.device.type for t in target.model.parameters()), "cpu")
    with (
        converted_optimizer(target.optimizer, convert),
        converted_model(target.model, convert),
        autocast_dtype(device, autocast) as regions,
        without_recompute(),
        mode,
    ):
        torch.set_default_dtype(mapping.get(default, default))
        try:
            yield replace(
                target,
                batch=map_tensors(target.batch, convert),
                precision=Precision(
                    str(autocast).removeprefix("torch.")
                    if autocast and target.precision.autocast_dtype
                    else None
                ),
            )
        finally:
            torch.set_default_dtype(default)
    own = target.precision.autocast_dtype is not None
    if not (with_tensors or regions or own or mode.changed - set(_PRODUCTS)):
        raise Inapplicable("nothing in the step runs in a type that this would change")


def _tensors(target: ReplayTarget) -> list[torch.Tensor]:
    batch = [tensor for _, tensor in named_tensors(target.batch)]
    return [*target.model.parameters(), *target.model.buffers(), *batch]
