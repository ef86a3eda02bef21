"""What a checkpoint knows about the training besides its tensors; curves are read elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.histories import history_of
from nandoctor.checkpoints.moments import state_and_groups
from nandoctor.checkpoints.naming import TensorHandle
from nandoctor.checkpoints.pickle_objects import Instance
from nandoctor.checkpoints.precision import precision_of
from nandoctor.checkpoints.random_state import rng_kinds
from nandoctor.checkpoints.regions import Layout, region_of_key, region_of_shape
from nandoctor.checkpoints.small_values import number, whole
from nandoctor.evidence import TrainingState

_STEP = [
    "global_step",
    "global_steps",
    "step",
    "iteration",
    "iter_num",
    "iter",
    "current_step",
    "train_step",
    "num_steps",
    "steps_done",
    "num_updates",
    "iterations",
    "current_iteration",
    "n_iter",
    "last_step",
    "total_steps_done",
    "it",
    "nb_steps",
]
_EPOCH = ["epoch", "current_epoch", "epochs_done", "last_epoch"]
_ACCUMULATION = [
    "gradient_accumulation_steps",
    "accumulation_steps",
    "accum_steps",
    "accumulate_grad_batches",
    "grad_accum",
    "grad_accum_steps",
    "gradient_accumulation",
    "accumulation",
    "update_freq",
    "iters_to_accumulate",
    "accum",
]
_CLIP = [
    "max_grad_norm",
    "grad_clip",
    "clip_grad_norm",
    "gradient_clip_val",
    "clip_grad",
    "clip_norm",
    "gradient_clipping",
    "grad_norm_clip",
    "max_norm",
    "clip",
    "grad_clip_norm",
]
_LR = ["lr", "learning_rate", "base_lr", "max_lr"]
_POSITION = re.compile(
    r"(?i)(sampler|data_?loader|data_position|data_state|dataset_state|batch_idx|batch_index|"
    r"consumed_(train_)?samples|samples_seen|tokens_seen|global_samples|batch_progress|"
    r"batches_seen|data_idx|next_batch|epoch_step|step_in_epoch|iterator)"
)
_IN_NAME = re.compile(
    r"(?i)(?:step|steps|checkpoint|iter|iteration|ckpt|global_step|it)[-_=]?0*(\d+)"
)


def training_state(
    tree: Any,
    layout: Layout,
    handles: tuple[TensorHandle, ...],
    path: Path,
    hints: Mapping[str, Any],
) -> TrainingState:
    """Gather everything about the training that the tree, its hints and its name tell."""
    places = list(settings(tree))
    groups, kind = _optimizer(layout, handles)
    scaler = _plain(layout.first("scaler"))
    step = _first_whole(places, _STEP)
    step = step if step is not None else _lone_integer(tree)
    step = step if step is not None else whole(hints.get("step"))
    epoch = _first_number(places, _EPOCH)
    if step is None and (named := _step_in_name(path)) != epoch:
        step = named
    step = step if step is not None else _optimizer_step(layout)
    scheduler = _plain(layout.first("scheduler"))
    return TrainingState(
        step=step,
        epoch=epoch,
        lr=_learning_rate(groups, scheduler, places),
        precision=precision_of(places, handles, has_scaler=scaler is not None),
        optimizer=kind,
        param_groups=groups,
        accumulation_steps=_first_whole(places, _ACCUMULATION),
        max_grad_norm=_positive(_first_number(places, _CLIP)),
        loss_scale=_scale(scaler),
        scaler=scaler,
        scheduler=scheduler,
        rng_kinds=rng_kinds(layout),
        has_data_position=any(_POSITION.search(str(key)) for place in places for key in place),
        history=history_of(tree, step),
        config=_config(tree),
    )


def settings(tree: Any) -> Iterator[Mapping[Any, Any]]:
    """Yield the mappings that may hold settings, outermost first: no state_dicts, no deep ones."""
    front: list[Any] = [tree]
    for _ in range(4):
        inner: list[Any] = []
        for node in front[:64]:
            mapping = _mapping(node)
            if mapping is None or _is_tensors(mapping):
                continue
            yield mapping
            inner += [v for k, v in mapping.items() if _may_hold_settings(k, v)]
        front = inner


def _may_hold_settings(key: Any, value: Any) -> bool:
    inside = region_of_shape(value) or region_of_key(key)
    return inside in ("", "history", "batch") and _mapping(value) is not None


def _mapping(node: Any) -> Mapping[Any, Any] | None:
    if isinstance(node, Instance):
        return node.pairs or node.attributes() or None
    if isinstance(node, (list, tuple)) and len(node) <= 8:
        return dict(enumerate(node))
    return node if isinstance(node, dict) else None


def _is_tensors(mapping: Mapping[Any, Any]) -> bool:
    return sum(isinstance(v, TensorRef) for v in list(mapping.values())[:8]) > 4


def _first_number(places: list[Mapping[Any, Any]], names: list[str]) -> float | None:
    for place in places:
        for name in names:
            found = number(place.get(name))
            if found is not None:
                return found
    return None


def _first_whole(places: list[Mapping[Any, Any]], names: list[str]) -> int | None:
    for place in places:
        for name in names:
            found = whole(place.get(name))
            if found is not None and found >= 0:
                return found
    return None


def _lone_integer(tree: Any) -> int | None:
    """Return the step of a ``(model, optimizer, step)`` tuple."""
    if not isinstance(tree, (list, tuple)) or len(tree) > 8:
        return None
    found = [value for value in tree if type(value) is int and value >= 0]
    return found[0] if len(found) == 1 else None


def _step_in_name(path: Path) -> int | None:
    for name in (path.name, path.parent.name if path.name.startswith("mp_rank") else ""):
        found = _IN_NAME.findall(name)
        if found:
            return int(found[-1][:15])
    return None


def _optimizer(
    layout: Layout, handles: tuple[TensorHandle, ...]
) -> tuple[tuple[Mapping[str, Any], ...], str | None]:
    """Return the hyper-parameters of every group and the optimizer's kind."""
    groups: list[Mapping[str, Any]] = []
    kind = None
    for region in layout.regions:
        if region.kind == "optimizer_state":
            for group in state_and_groups(region.node)[1]:
                hidden = ("params", "param_names")
                groups.append({str(k): _scalar(v) for k, v in group.items() if k not in hidden})
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


def _optimizer_step(layout: Layout) -> int | None:
    """Return the largest step that the optimizer counted."""
    counted = []
    for region in layout.regions:
        if region.kind == "optimizer_state":
            slots = list(state_and_groups(region.node)[0].values())[:64]
            counted += [whole(slot.get("step")) for slot in slots if isinstance(slot, dict)]
    return max((step for step in counted if step is not None), default=None)


def _learning_rate(
    groups: tuple[Mapping[str, Any], ...],
    scheduler: Mapping[str, Any] | None,
    places: list[Mapping[Any, Any]],
) -> float | None:
    rates = [number(group.get("lr")) for group in groups]
    last = (scheduler or {}).get("_last_lr")
    rates += [number(value) for value in last] if isinstance(last, (list, tuple)) else []
    return next((rate for rate in rates if rate is not None), _first_number(places, _LR))


def _scale(scaler: Mapping[str, Any] | None) -> float | None:
    for name in ("scale", "cur_scale", "loss_scale", "_scale"):
        found = number((scaler or {}).get(name))
        if found is not None:
            return found
    return None


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _scalar(value: Any) -> Any:
    """Return numbers, text and short tuples of them as they are, one-element tensors as numbers."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)) and len(value) <= 8:
        return tuple(
            item if isinstance(item, (bool, int, float, str)) else str(item) for item in value
        )
    return number(value)


def _plain(node: Any) -> Mapping[str, Any] | None:
    """Return the scalars of a state_dict; of a list of them, those of the first."""
    if isinstance(node, (list, tuple)) and node:
        node = node[0]
    mapping = _mapping(node)
    if mapping is None:
        return None
    return {str(key): _scalar(value) for key, value in mapping.items() if key != "param_groups"}


def _config(tree: Any) -> Mapping[str, Any]:
    """Return the scalars at the top, and those of a config or args beside them."""
    config: dict[str, Any] = {}
    known = {*_STEP, *_EPOCH}
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if isinstance(value, (bool, int, float, str)) and key not in known:
            config[str(key)] = value if not isinstance(value, str) else value[:1000]
        elif str(key).lower() in _SETTINGS:
            inner = _mapping(value) or {}
            plain = {k: _scalar(v) for k, v in inner.items() if not str(k).startswith("_")}
            config.update({f"{key}.{k}": v for k, v in plain.items() if v is not None})
    return config


_SETTINGS = frozenset(
    [
        "config",
        "cfg",
        "args",
        "hparams",
        "hyper_parameters",
        "training_args",
        "options",
        "settings",
        "metrics",
        "conf",
        "model_args",
        "model_config",
        "ds_config",
        "opt_args",
        "trainer_state",
    ]
)
