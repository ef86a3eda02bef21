"""Weights by layer: what is marked in the picture."""

from dataclasses import replace

import builders

from nandoctor.findings import Finding, Grade, Report
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


def test_layer_that_a_finding_calls_out_of_family_is_marked() -> None:
    """The picture shows what the rule found, and judges nothing itself."""
    norms = {f"layers.{i}.proj.weight": 1.0 for i in range(6)}
    found = Finding("ND408", "out_of_family", "warning", Grade.observed, "", "layers.3.proj.weight")
    report = replace(inspected(norms), findings=(found,))
    assert labels(report) == {"layers.3.proj.weight": "out of family"}
    assert labels(inspected({**norms, "layers.3.proj.weight": 150.0})) == {}


def test_layer_bars_of_other_commands_are_none() -> None:
    """A diagnosis has the gradient flow instead."""
    assert layer_bars(builders.report(), 9, words("en")) == ([], 0)


def test_layer_bars_leave_out_biases_that_are_still_zero() -> None:
    """They would crowd out the layers that stand out; a zero matrix is shown."""
    zeros = [builders.tensor(f"layers.{i}.bias", shape=(9,), numel=9, l2=0.0) for i in range(20)]
    bad = builders.tensor("head.weight", num_nan=1)
    report = Report("inspect", checkpoints=(builders.checkpoint(tensors=(*zeros, bad)),))
    assert labels(report) == {"head.weight": "non-finite"}
