"""What an optimizer's state tells besides moments: kind, groups, steps and rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nandoctor.checkpoints.moments import state_and_groups
from nandoctor.checkpoints.naming import TensorHandle
from nandoctor.checkpoints.pickle_objects import Instance
from nandoctor.checkpoints.regions import Layout
from nandoctor.checkpoints.setting_names import LR
from nandoctor.checkpoints.settings import Places, first_number, scalar
from nandoctor.checkpoints.small_values import number, whole


def optimizer_facts(
    layout: Layout, handles: tuple[TensorHandle, ...]
) -> tuple[tuple[Mapping[str, Any], ...], str | None]:
    """Return the hyper-parameters of every group and the optimizer's kind."""
    groups: list[Mapping[str, Any]] = []
    kind = None
    for region in layout.regions:
        if region.kind == "optimizer_state":
            for group in state_and_groups(region.node)[1]:
                hidden = ("params", "param_names")
                groups.append({str(k): scalar(v) for k, v in group.items() if k not in hidden})
            if isinstance(region.node, Instance):
                kind = region.node.class_path.rpartition(".")[2]
    slots = {h.name.partition(".")[0] for h in handles if h.role in _SLOT_ROLES}
    return tuple(groups), kind or _kind_of(groups, slots)


def _kind_of(groups: list[Mapping[str, Any]], slots: set[str]) -> str | None:
    """Name the optimizer by the keys that only it has."""
    keys = set().union(*groups) if groups else set()
    if "exp_avg_sq" in slots or {"betas", "eps"} <= keys:
        if "decoupled_weight_decay" in keys:
            decoupled = any(group.get("decoupled_weight_decay") is True for group in groups)
            return "AdamW" if decoupled else "Adam"
        return "Adam"
    if "exp_avg" in slots and "betas" in keys:
        return "Lion"
    if "square_avg" in slots or {"alpha", "centered"} <= keys:
        return "RMSprop"
    if "lr_decay" in keys:
        return "Adagrad"
    return "SGD" if "momentum_buffer" in slots or {"momentum", "nesterov"} <= keys else None


_SLOT_ROLES = ("exp_avg", "exp_avg_sq", "optimizer")


def optimizer_step(layout: Layout) -> int | None:
    """Return the largest step that the optimizer counted."""
    counted = []
    for region in layout.regions:
        if region.kind == "optimizer_state":
            slots = list(state_and_groups(region.node)[0].values())[:64]
            counted += [whole(slot.get("step")) for slot in slots if isinstance(slot, dict)]
    return max((step for step in counted if step is not None), default=None)


def learning_rate(
    groups: tuple[Mapping[str, Any], ...],
    scheduler: Mapping[str, Any] | None,
    places: Places,
) -> float | None:
    """Return the rate of the first group, else the scheduler's last, else the configured one."""
    rates = [number(group.get("lr")) for group in groups]
    last = (scheduler or {}).get("_last_lr")
    rates += [number(value) for value in last] if isinstance(last, (list, tuple)) else []
    return next((rate for rate in rates if rate is not None), first_number(places, LR))
