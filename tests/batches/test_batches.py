"""Batches of any shape: names, mapping, number of samples, taking samples out."""

from __future__ import annotations

from collections import OrderedDict, UserDict, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from nandoctor.batches import (
    MicroBatches,
    batch_size,
    cuts,
    map_tensors,
    named_tensors,
    select_rows,
)

Pair = namedtuple("Pair", "x y")
IMAGE = 99


@dataclass
class Sample:
    """A batch as a dataclass."""

    x: torch.Tensor
    names: list[str]


def shapes(batch: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in named_tensors(batch)}


def test_named_tensors_nested_containers_have_dotted_names() -> None:
    """Dicts, tuples and dataclasses nest; a bare tensor is called batch."""
    batch = {"a": (torch.zeros(2), {"b": torch.ones(3)}), "s": Sample(torch.zeros(1), ["n"])}
    assert [name for name, _ in named_tensors(batch)] == ["a.0", "a.1.b", "s.x"]
    assert [name for name, _ in named_tensors(torch.zeros(1))] == ["batch"]


@pytest.mark.parametrize(
    "batch",
    [
        {"x": torch.zeros(2)},
        OrderedDict(x=torch.zeros(2)),
        UserDict(x=torch.zeros(2)),
        [torch.zeros(2)],
        (torch.zeros(2), None, "text"),
        Pair(torch.zeros(2), 3),
        Sample(torch.zeros(2), ["a"]),
        MicroBatches([{"x": torch.zeros(2)}]),
    ],
    ids=lambda batch: type(batch).__name__,
)
def test_map_tensors_keeps_the_container_and_leaves_the_original(batch: Any) -> None:
    """The result has the same type and new tensors; the original keeps its own."""
    new = map_tensors(batch, lambda tensor: tensor + 1)
    assert type(new) is type(batch)
    assert all(bool((tensor == 1).all()) for _, tensor in named_tensors(new))
    assert all(bool((tensor == 0).all()) for _, tensor in named_tensors(batch))


@pytest.mark.parametrize(
    ("batch", "size"),
    [
        (torch.zeros(4, 3), 4),
        ({"x": torch.zeros(4, 3, 8, 8), "y": torch.zeros(4), "scale": torch.tensor(1.0)}, 4),
        ({"table": torch.zeros(16, 2), "x": torch.zeros(4, 16, 2), "y": torch.zeros(4)}, 4),
        ({"x": torch.zeros(7, 5, 2), "lengths": torch.zeros(5)}, 5),
        ({"input_ids": torch.zeros(1, 9), "cu_seqlens": torch.tensor([0, 4, 9])}, 2),
        (([torch.zeros(3, 8, 9), torch.zeros(3, 7, 8)], [{"boxes": torch.zeros(2, 4)}, {}]), 2),
        (MicroBatches([{"x": torch.zeros(2, 3)}, {"x": torch.zeros(3, 3)}]), 5),
        ({"text": "no tensor"}, None),
    ],
)
def test_batch_size_of_many_layouts(batch: Any, size: int | None) -> None:
    """The samples are counted where time, tokens or lists come first, too."""
    assert batch_size(batch) == size


@pytest.mark.parametrize(
    "batch",
    [
        torch.arange(12.0).reshape(4, 3),
        {"x": torch.arange(8.0).reshape(4, 2), "y": torch.arange(4), "names": list("abcd")},
        (torch.zeros(4, 3), [torch.ones(4)], None),
        {"x": torch.zeros(7, 5, 2), "lengths": torch.arange(5)},
        {"input_ids": torch.arange(9)[None], "cu_seqlens": torch.tensor([0, 4, 9])},
        MicroBatches([{"x": torch.zeros(2, 3)}, {"x": torch.ones(3, 3)}]),
    ],
)
def test_select_rows_of_all_samples_changes_nothing(batch: Any) -> None:
    """Every sample in its order is the batch itself, value by value."""
    size = batch_size(batch)
    assert size is not None
    same = select_rows(batch, range(size))
    assert type(same) is type(batch)
    for (name, old), (other, new) in zip(named_tensors(batch), named_tensors(same), strict=True):
        assert name == other
        assert torch.equal(old, new)


def test_select_rows_takes_the_same_samples_of_every_entry() -> None:
    """Integers, masks, names and time-first tensors follow; a scalar and a table stay."""
    batch = {
        "x": torch.arange(12.0).reshape(4, 3),
        "mask": torch.ones(4, 1, 5, 5, dtype=torch.bool),
        "position_ids": torch.zeros(3, 4, 6),
        "names": ["a", "b", "c", "d"],
        "y": torch.arange(4),
        "table": torch.zeros(9, 2),
        "scale": torch.tensor(2.0),
    }
    new = select_rows(batch, [3, 1])
    assert new["y"].tolist() == [3, 1]
    assert new["x"][:, 0].tolist() == [9.0, 3.0]
    assert new["names"] == ["d", "b"]
    assert shapes(new)["position_ids"] == (3, 2, 6)
    assert (shapes(new)["table"], shapes(new)["mask"]) == ((9, 2), (2, 1, 5, 5))


def test_select_rows_follows_image_tokens_where_a_sample_has_no_image() -> None:
    """Three images of four samples: the text-only sample takes none with it."""
    ids = torch.arange(48).reshape(4, 12)
    ids[[0, 1, 3], 1:5] = IMAGE
    batch = {"input_ids": ids, "pixel_values": torch.arange(3.0).reshape(3, 1)}
    assert select_rows(batch, [2, 3])["pixel_values"].tolist() == [[2.0]]
    assert select_rows(batch, [0, 1])["pixel_values"].tolist() == [[0.0], [1.0]]


def test_select_rows_follows_the_grid_of_images_of_different_sizes() -> None:
    """Patches are rows: they are grouped by the grid, and the grid by merged image tokens."""
    ids = torch.arange(80).reshape(2, 40) + 100
    ids[0, 1:5], ids[0, 6:14], ids[1, 3:7] = IMAGE, IMAGE, IMAGE
    grid = torch.tensor([[1, 4, 4], [1, 4, 8], [1, 4, 4]])
    batch = {"input_ids": ids, "pixel_values": torch.arange(64.0)[:, None], "image_grid_thw": grid}
    second = select_rows(batch, [1])
    assert second["image_grid_thw"].tolist() == [[1, 4, 4]]
    assert second["pixel_values"][0].item() == 48.0
    assert shapes(select_rows(batch, [0]))["pixel_values"] == (48, 1)


def test_select_rows_of_a_packed_batch_rebuilds_the_boundaries() -> None:
    """The tokens of a segment go with it."""
    batch = {
        "input_ids": torch.arange(10)[None],
        "cu_seqlens": torch.tensor([0, 3, 7, 10], dtype=torch.int32),
    }
    new = select_rows(batch, [0, 2])
    assert new["input_ids"].tolist() == [[0, 1, 2, 7, 8, 9]]
    assert (new["cu_seqlens"].tolist(), new["cu_seqlens"].dtype) == ([0, 3, 6], torch.int32)


def test_select_rows_numbers_through_micro_batches() -> None:
    """Sample 3 of 2 + 3 is the second of the second micro-batch; an empty one disappears."""
    batch = MicroBatches([{"x": torch.arange(2)}, {"x": torch.arange(10, 13)}])
    assert [part["x"].tolist() for part in select_rows(batch, [3])] == [[11]]


def test_select_rows_of_a_detection_batch_takes_list_items() -> None:
    """Images of any size and their targets are one item a sample."""
    images = [torch.full((3, 8, 8 + i), float(i)) for i in range(3)]
    targets = [{"labels": torch.tensor([i])} for i in range(3)]
    new = select_rows((images, targets), [0, 2])
    assert [int(image[0, 0, 0]) for image in new[0]] == [0, 2]
    assert [int(target["labels"]) for target in new[1]] == [0, 2]


def test_select_rows_outside_the_batch_is_a_value_error() -> None:
    """A sample that is not there is named with the size."""
    with pytest.raises(ValueError, match="has 4 samples"):
        select_rows(torch.zeros(4), [4])
    with pytest.raises(ValueError, match="does not tell"):
        select_rows({"text": "none"}, [0])


class Slotted:
    """A batch as a plain object."""

    __slots__ = ("count", "x")

    def __init__(self, x: torch.Tensor) -> None:
        self.x = x
        self.count = len(x)


@pytest.mark.parametrize("make", [Slotted, lambda x: SimpleNamespace(x=x, count=len(x))])
def test_select_rows_plain_object_is_cut_in_a_copy(make: Any) -> None:
    """The attributes of an object that carries tensors are its entries."""
    batch = make(torch.arange(4))
    assert batch_size(batch) == 4
    part = select_rows(batch, [1, 3])
    assert type(part) is type(batch)
    assert part.x.tolist() == [1, 3]
    assert batch.x.tolist() == [0, 1, 2, 3]


def test_batch_size_list_of_samples_is_its_length() -> None:
    """Dicts whose tensors share no first dimension are samples that were not collated."""
    samples = [{"points": torch.zeros(n, 3), "label": torch.tensor(n)} for n in (4, 1, 2)]
    assert batch_size(samples) == 3
    assert [len(sample["points"]) for sample in select_rows(samples, [0, 2])] == [4, 2]


def test_batch_size_list_of_rows_is_its_length() -> None:
    """Rows of one length and their masks are samples: a batch would have a second dimension."""
    samples = [{"ids": torch.arange(3), "mask": torch.ones(3)} for _ in range(4)]
    assert batch_size(samples) == 4
    assert len(select_rows(samples, [1, 2])) == 2


def test_select_rows_pair_of_padded_sequences_and_lengths_is_no_list_of_images() -> None:
    """A tensor and its lengths share the first dimension; images share their number of axes."""
    batch = ((torch.zeros(4, 5, 3), torch.tensor([5, 0, 3, 2])), torch.arange(4))
    assert batch_size(batch) == 4
    (sequences, lengths), labels = select_rows(batch, [1, 3])
    assert (len(sequences), lengths.tolist(), labels.tolist()) == (2, [0, 2], [1, 3])


def test_batch_size_list_of_batches_is_not_their_number() -> None:
    """Dicts whose tensors share the first dimension are collated."""
    batches = [{"x": torch.zeros(5, 3), "y": torch.zeros(5)} for _ in range(2)]
    assert batch_size(batches) == 5


def _graphs() -> dict[str, torch.Tensor]:
    return {
        "x": torch.arange(6.0)[:, None],
        "edge_index": torch.tensor([[0, 2, 4, 5], [1, 3, 5, 4]]),
        "edge_attr": torch.tensor([10.0, 20.0, 30.0, 40.0]),
        "batch": torch.tensor([0, 0, 1, 1, 2, 2]),
        "y": torch.tensor([7.0, 8.0, 9.0]),
    }


def test_select_rows_packed_graphs_keep_their_nodes_and_edges() -> None:
    """Nodes, edges and targets of a graph go together, numbered anew."""
    assert batch_size(_graphs()) == 3
    part = select_rows(_graphs(), [0, 2])
    assert part["x"].flatten().tolist() == [0, 1, 4, 5]
    assert part["edge_index"].tolist() == [[0, 2, 3], [1, 3, 2]]
    assert part["edge_attr"].tolist() == [10, 30, 40]
    assert part["batch"].tolist() == [0, 0, 1, 1]
    assert part["y"].tolist() == [7, 9]


def test_batch_size_entry_called_batch_without_edges_is_an_entry_like_any_other() -> None:
    """Only with an ``edge_index`` it says which graph a node is of."""
    entry = {"x": torch.zeros(6, 2), "batch": torch.tensor([0, 0, 1, 1, 2, 2])}
    assert batch_size(entry) == 6
    assert select_rows(entry, [1, 5])["batch"].tolist() == [0, 2]


def test_select_rows_arrays_of_numpy_are_cut_like_tensors() -> None:
    """Their size counts, too; what is shorter than the batch stays."""
    batch = {"x": np.arange(10.0).reshape(5, 2), "y": np.zeros(5), "names": ["a"] * 5}
    batch["scale"] = np.ones(3)
    assert batch_size(batch) == 5
    part = select_rows(batch, [1, 4])
    assert part["x"].tolist() == [[2, 3], [8, 9]]
    assert part["names"] == ["a", "a"]
    assert part["scale"].shape == (3,)
    assert batch_size(np.zeros((3, 2))) == 3


def test_select_rows_weights_of_classes_stay_whole() -> None:
    """There may be as many classes as samples; the name tells, else both ways are offered."""
    batch = {"x": torch.zeros(4, 2), "class_weights": torch.arange(4.0), "w": torch.arange(4.0)}
    assert select_rows(batch, [1])["class_weights"].tolist() == [0, 1, 2, 3]
    assert [way["w"].tolist() for way in cuts(batch, [1])] == [[1], [0, 1, 2, 3]]
    assert len(cuts({"x": torch.zeros(4, 2), "y": torch.arange(4)}, [1])) == 1


def test_select_rows_jagged_tensors_of_the_same_lengths_still_fit() -> None:
    """The new offsets are shared as the old ones were."""
    x = torch.nested.nested_tensor([torch.ones(n, 2) * n for n in (1, 3, 2)], layout=torch.jagged)
    y = torch.nested.nested_tensor_from_jagged(x.values() + 1, x.offsets())
    assert batch_size((x, y)) == 3
    a, b = select_rows((x, y), [0, 2])
    assert (a + b).values()[:, 0].tolist() == [3, 5, 5]
    assert [part.shape[0] for part in a.unbind()] == [1, 2]
