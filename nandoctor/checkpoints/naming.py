"""Names and roles of tensors: ``encoder.0.weight`` for a parameter whatever wraps the model, and
``exp_avg.encoder.0.weight`` for its moment, ``ema.…`` and ``grad.…`` alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.model_names import SHORT, model_names, model_role
from nandoctor.checkpoints.moment_names import moment_names
from nandoctor.checkpoints.regions import Layout, Leaf
from nandoctor.evidence import Role

_ROLES: dict[str, Role] = {
    "ema": "ema", "scheduler": "scheduler", "scaler": "scaler", "rng": "rng",
    "gradient": "gradient", "master": "master", "history": "history", "batch": "batch",
}  # fmt: skip
SLOT_ROLES: dict[str, Role] = {"exp_avg": "exp_avg", "exp_avg_sq": "exp_avg_sq"}


@dataclass(frozen=True, slots=True, eq=False)
class TensorHandle:
    """A tensor of an opened checkpoint: described, not read.

    Args:
        path: The keys that lead to it in the tree.
    """

    name: str
    role: Role
    ref: TensorRef
    path: tuple[Any, ...] = ()


def name_tensors(layout: Layout) -> tuple[TensorHandle, ...]:
    """Name every tensor and give it its role."""
    names = model_names(layout)
    moments = moment_names(layout, names)
    handles = []
    taken: dict[str, int] = {}
    for leaf in layout.leaves:
        name, role = _name_and_role(leaf, names, moments)
        count = taken[name] = taken.get(name, 0) + 1
        handles.append(
            TensorHandle(name if count == 1 else f"{name}#{count}", role, leaf.ref, leaf.path)
        )
    return tuple(handles)


def _name_and_role(
    leaf: Leaf, names: dict[tuple[Any, ...], str], moments: dict[tuple[Any, ...], str]
) -> tuple[str, Role]:
    if leaf.path in names:
        name = names[leaf.path]
        if leaf.region in SHORT:
            return f"{SHORT[leaf.region]}.{name}", _ROLES[leaf.region]
        return name, model_role(leaf, name)
    if leaf.path in moments:
        name = moments[leaf.path]
        return name, SLOT_ROLES.get(name.partition(".")[0], "optimizer")
    plain = ".".join(str(key) for key in leaf.path) or "tensor"
    return plain, _ROLES.get(leaf.region, "optimizer" if leaf.region == "optimizer" else "other")
