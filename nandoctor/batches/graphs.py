"""Graphs packed into one batch: which nodes and edges belong to which sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

_ASSIGNMENTS = ("batch", "batch_index", "batch_idx", "graph_index", "graph_idx", "graph_id")
_EDGES = ("edge_index", "edges")

Pick = Callable[[str, torch.Tensor], torch.Tensor]


def graph_of_nodes(named: list[tuple[str, torch.Tensor]]) -> torch.Tensor | None:
    """Return the entry that says which graph each node is of, None where there is none.

    Graphs are numbered from 0 without a gap, and node by node in order (as torch_geometric does).
    """
    tensors = {name.rsplit(".", 1)[-1]: tensor for name, tensor in named}
    if not any(_is_edges(name, tensor) for name, tensor in tensors.items()):
        return None
    for name in _ASSIGNMENTS:
        graph = tensors.get(name)
        is_index = graph is not None and graph.ndim == 1 and graph.dtype == torch.int64
        if graph is not None and is_index and len(graph) and int(graph[0]) == 0:
            steps = graph.diff()
            if bool(((steps == 0) | (steps == 1)).all()):
                return graph
    return None


def picking_graphs(
    named: list[tuple[str, torch.Tensor]], graph: torch.Tensor, indices: Sequence[int]
) -> Pick:
    """Return what cuts each entry down to these graphs, nodes and graphs numbered anew."""
    size = int(graph.max()) + 1
    nodes = torch.cat([(graph == index).nonzero().flatten() for index in indices])
    new_node = torch.full_like(graph, -1)
    new_node[nodes] = torch.arange(len(nodes), device=graph.device)
    edges = next(tensor for name, tensor in named if _is_edges(name.rsplit(".", 1)[-1], tensor))
    kept = (new_node[edges] >= 0).all(0).nonzero().flatten()
    order = torch.tensor(list(indices), device=graph.device)

    def pick(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if tensor is graph:
            return torch.arange(len(order), device=graph.device).repeat_interleave(
                torch.stack([(graph == index).sum() for index in indices])
            )
        if tensor is edges:
            return new_node[edges[:, kept]]
        rows = {size: order, edges.shape[1]: kept, len(graph): nodes}  # nodes lead where sizes meet
        where = rows.get(tensor.shape[0]) if tensor.ndim else None
        return tensor if where is None else tensor.index_select(0, where)

    return pick


def _is_edges(name: str, tensor: torch.Tensor) -> bool:
    is_pair = tensor.ndim == 2 and tensor.shape[0] == 2 and tensor.dtype == torch.int64
    return name in _EDGES and is_pair
