"""Which random number generators' states a checkpoint holds; the states themselves stay unread."""

from __future__ import annotations

from typing import Any

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.regions import Layout, children

_ORDER = ("torch", "cuda", "numpy", "python")


def rng_kinds(layout: Layout) -> tuple[str, ...]:
    """Return the generators of which a state is stored: torch, cuda, numpy, python."""
    return tuple(rng_nodes(layout))


def rng_nodes(layout: Layout) -> dict[str, Any]:
    """Return the first state of each generator as the tree holds it (several of CUDA: a list)."""
    found: dict[str, Any] = {}
    for region in layout.regions:
        if region.kind == "rng":
            stack = [(str(region.path[-1]) if region.path else "", region.node)]
            for _ in range(256):
                if not stack:
                    break
                name, node = stack.pop()
                kind = rng_kind(name, node)
                if kind == "cuda":
                    found.setdefault("cuda", []).insert(0, node)
                elif kind:
                    found.setdefault(kind, node)
                elif not isinstance(node, TensorRef):
                    stack += [(f"{name}.{key}", value) for key, value in children(node)][:64]
    return {kind: found[kind] for kind in _ORDER if kind in found}


def rng_kind(name: str, node: Any) -> str:
    """Return the generator that a node is the state of; empty where it is none."""
    last = name.rpartition(".")[2].lower()
    if isinstance(node, tuple) and len(node) == 5 and node[0] == "MT19937":
        return "numpy"
    if isinstance(node, dict) and node.get("bit_generator"):
        return "numpy"
    if (
        isinstance(node, tuple)
        and len(node) == 3
        and node[0] in (2, 3)
        and len(_items(node[1])) > 600
    ):
        return "python"
    if isinstance(node, TensorRef) and node.dtype == "uint8" and len(node.shape) == 1:
        is_cuda = "cuda" in name.lower() or "xla" in last or node.shape[0] <= 64
        return "cuda" if is_cuda and "cpu" not in last else "torch"
    return ""


def _items(node: Any) -> Any:
    return node if isinstance(node, (list, tuple)) else ()
