"""Weights by layer: what is out of its family, and what only looks so."""

import builders
import pytest

from nandoctor.findings import Report
from nandoctor.reports.layers import layer_bars
from nandoctor.reports.words import words


def inspected(norms: dict[str, float]) -> Report:
    """Return the report of an inspected checkpoint with weights of 100 elements."""
    tensors = tuple(
        builders.tensor(name, numel=100, l2=norm, role="parameter", num_nan=0, num_posinf=0,
                        num_neginf=0)
        for name, norm in norms.items()
    )  # fmt: skip
    return Report("inspect", checkpoints=(builders.checkpoint(tensors=tensors),))


def labels(report: Report) -> dict[str, str]:
    """Return the layers that are marked."""
    bars, _ = layer_bars(report, 50, words("en"))
    return {bar.name: bar.label for bar in bars if bar.label}


def test_layer_a_hundred_times_its_siblings_is_out_of_family() -> None:
    """The same weight of the other layers is the measure."""
    norms = {f"layers.{i}.proj.weight": 1.0 + 0.1 * i for i in range(6)}
    assert labels(inspected({**norms, "layers.3.proj.weight": 150.0})) == {
        "layers.3.proj.weight": "out of family"
    }


@pytest.mark.parametrize("norms", [
    {f"layers.{i}.proj.weight": 2.0**i for i in range(6)},
    {"embed.weight": 500.0, "layers.0.norm.weight": 1.0, "head.weight": 3.0},
])  # fmt: skip
def test_layers_that_grow_with_depth_or_have_no_siblings_stay_unmarked(norms: dict) -> None:
    """The look-alikes: a slope over depth, and weights of different kinds."""
    assert labels(inspected(norms)) == {}


def test_layer_bars_of_other_commands_are_none() -> None:
    """A diagnosis has the gradient flow instead."""
    assert layer_bars(builders.report(), 9, words("en")) == ([], 0)
