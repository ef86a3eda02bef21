"""A reduction over nothing gives 0 instead of 0/0; any other reduction stays as it is."""

from __future__ import annotations

import contextlib
from typing import Any

import torch

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.site import Repair, applies_at, at_origin
from nandoctor.target import Intervention, ReplayTarget


def _mean(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Sum instead of averaging where there is nothing to average."""
    x = args[0] if args else kwargs.get("input")
    if not isinstance(x, torch.Tensor):
        return NotImplemented
    result = func(*args, **kwargs)
    if x.numel() > 0 or result.numel() == 0:
        return NotImplemented
    return x.sum() * 0 + torch.zeros_like(result)


def _loss(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Sum instead of averaging where no element or no label counts."""
    x, target = args[0], args[1] if len(args) > 1 else kwargs["target"]
    if kwargs.get("reduction", "mean") != "mean":
        return NotImplemented
    ignored = kwargs.get("ignore_index", -100)
    is_label = isinstance(target, torch.Tensor) and not target.is_floating_point()
    if x.numel() > 0 and not (is_label and bool((target == ignored).all())):
        return NotImplemented
    return func(*args, **{**kwargs, "reduction": "sum"})


_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "nll_loss", "cross_entropy")

REPAIRS: dict[str, Repair] = {
    **dict.fromkeys(("mean", "nanmean", "std", "var", "median"), _mean),
    **dict.fromkeys(_LOSSES, _loss),
    "binary_cross_entropy_with_logits": _loss,
}

CONTAINS: dict[str, tuple[str, ...]] = {
    "mean": ("mean", "div"),
    "nanmean": ("nanmean", "mean", "div"),
    "mse_loss": ("mse_loss", "mean"),
    "l1_loss": ("l1_loss", "mean", "abs"),
    "smooth_l1_loss": ("smooth_l1_loss", "mean"),
    "huber_loss": ("huber_loss", "mean"),
    "nll_loss": ("nll_loss", "nll_loss_forward", "nll_loss2d_forward", "nll_loss2d", "nll_loss_nd"),
    "cross_entropy": (
        "cross_entropy",
        "cross_entropy_loss",
        "nll_loss",
        "nll_loss_forward",
        "nll_loss2d_forward",
        "nll_loss2d",
    ),
    "binary_cross_entropy_with_logits": ("binary_cross_entropy_with_logits", "mean"),
}


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return applies_at(facts, REPAIRS, CONTAINS)


def _apply(
    target: ReplayTarget, facts: ReplayFacts
) -> contextlib.AbstractContextManager[ReplayTarget]:
    return at_origin(target, facts, REPAIRS, CONTAINS)


INTERVENTION = Intervention("empty_zero", "an empty reduction gives 0", _applies, _apply)
