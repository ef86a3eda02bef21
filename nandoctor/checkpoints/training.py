"""What a checkpoint knows about the training besides its tensors; curves are read elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nandoctor.checkpoints.histories import history_of
from nandoctor.checkpoints.naming import TensorHandle
from nandoctor.checkpoints.optimizer_facts import learning_rate, optimizer_facts, optimizer_step
from nandoctor.checkpoints.precision import precision_of
from nandoctor.checkpoints.random_state import rng_kinds
from nandoctor.checkpoints.regions import Layout
from nandoctor.checkpoints.setting_names import (
    ACCUMULATION,
    CLIP,
    EPOCH,
    LOSS_SCALE,
    POSITION,
    SETTINGS,
    STEP,
    STEP_IN_NAME,
)
from nandoctor.checkpoints.settings import (
    first_number,
    first_whole,
    mapping_of,
    scalar,
    settings,
)
from nandoctor.checkpoints.small_values import number, whole
from nandoctor.evidence import TrainingState


def training_state(
    tree: Any,
    layout: Layout,
    handles: tuple[TensorHandle, ...],
    path: Path,
    hints: Mapping[str, Any],
) -> TrainingState:
    """Gather everything about the training that the tree, its hints and its name tell."""
    places = list(settings(tree))
    groups, kind = optimizer_facts(layout, handles)
    scaler = _plain(layout.first("scaler"))
    step = first_whole(places, STEP)
    step = step if step is not None else _lone_integer(tree)
    step = step if step is not None else whole(hints.get("step"))
    epoch = first_number(places, EPOCH)
    if step is None and (named := _step_in_name(path)) != epoch:
        step = named
    step = step if step is not None else optimizer_step(layout)
    scheduler = _plain(layout.first("scheduler"))
    return TrainingState(
        step=step,
        epoch=epoch,
        lr=learning_rate(groups, scheduler, places),
        precision=precision_of(places, handles, has_scaler=scaler is not None),
        optimizer=kind,
        param_groups=groups,
        accumulation_steps=first_whole(places, ACCUMULATION),
        max_grad_norm=_positive(first_number(places, CLIP)),
        loss_scale=_loss_scale(scaler),
        scaler=scaler,
        scheduler=scheduler,
        rng_kinds=rng_kinds(layout),
        has_data_position=any(POSITION.search(str(key)) for place in places for key in place),
        history=history_of(tree, step),
        config=_config(tree),
    )


def _lone_integer(tree: Any) -> int | None:
    """Return the step of a ``(model, optimizer, step)`` tuple."""
    if not isinstance(tree, (list, tuple)) or len(tree) > 8:
        return None
    found = [value for value in tree if type(value) is int and value >= 0]
    return found[0] if len(found) == 1 else None


def _step_in_name(path: Path) -> int | None:
    for name in (path.name, path.parent.name if path.name.startswith("mp_rank") else ""):
        found = STEP_IN_NAME.findall(name)
        if found:
            return int(found[-1][:15])
    return None


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _plain(node: Any) -> Mapping[str, Any] | None:
    """Return the scalars of a state_dict; of a list of them, those of the first."""
    if isinstance(node, (list, tuple)) and node:
        node = node[0]
    mapping = mapping_of(node)
    if mapping is None:
        return None
    inner = list(mapping.values())
    if len(inner) == 1 and mapping_of(inner[0]):
        return _plain(inner[0])
    return {str(key): scalar(value) for key, value in mapping.items() if key != "param_groups"}


def _config(tree: Any) -> Mapping[str, Any]:
    """Return the scalars at the top, and those of a config or args beside them."""
    config: dict[str, Any] = {}
    known = {*STEP, *EPOCH}
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if isinstance(value, (bool, int, float, str)) and key not in known:
            config[str(key)] = value if not isinstance(value, str) else value[:1000]
        elif str(key).lower() in SETTINGS:
            inner = mapping_of(value) or {}
            plain = {k: scalar(v) for k, v in inner.items() if not str(k).startswith("_")}
            config.update({f"{key}.{k}": v for k, v in plain.items() if v is not None})
    return config


def _loss_scale(scaler: Mapping[str, Any] | None) -> float | None:
    for name in LOSS_SCALE:
        found = number((scaler or {}).get(name))
        if found is not None:
            return found
    return None
