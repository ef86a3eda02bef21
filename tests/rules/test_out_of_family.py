"""Weights out of their family: what fires, and what only looks so."""

from __future__ import annotations

import builders
import pytest

from nandoctor.evidence import TensorStats
from nandoctor.rules import dead_tensor, out_of_family
from rules.examples.made import scanned

SHAPE = (64, 64)
USUAL = 0.1


def weight(name: str, rms: float, shape: tuple[int, ...] = SHAPE) -> TensorStats:
    """Return a weight matrix of that root mean square."""
    numel = 1
    for size in shape:
        numel *= size
    return builders.tensor(
        name, shape=shape, numel=numel, l2=rms * numel**0.5, rms_rest=rms, min=-3 * rms,
        max=3 * rms,
    )  # fmt: skip


def layers(pattern: str, *sizes: float) -> list[TensorStats]:
    """Return that weight of each layer."""
    return [weight(pattern.format(i), size) for i, size in enumerate(sizes)]


def severities(tensors: list[TensorStats]) -> dict[str, str]:
    """Return what the rule says of which tensor."""
    return {f.where: f.severity for f in out_of_family.check(scanned(*tensors))}


def test_out_of_family_layer_scaled_by_a_hundred_is_a_warning() -> None:
    """A layer that amplifies a hundred times more than the others, also among experts."""
    name = "layers.{}.mlp.fc2.weight"
    assert severities(layers(name, USUAL, USUAL, 100 * USUAL, USUAL, 0.2)) == {
        "layers.2.mlp.fc2.weight": "warning"
    }
    experts = layers("layers.0.experts.{}.w1.weight", *[USUAL] * 7, 100 * USUAL)
    assert severities(experts) == {"layers.0.experts.7.w1.weight": "warning"}


def test_out_of_family_small_or_quiet_layer_is_a_note() -> None:
    """Nothing bursts because of it: a tiny layer, and a large one that still amplifies little."""
    tiny = layers("layers.{}.fc.weight", USUAL, USUAL, USUAL, USUAL / 100)
    quiet = layers("layers.{}.gate.weight", 1e-3, 1e-3, 1e-3, 0.1)
    assert severities(tiny) == {"layers.3.fc.weight": "note"}
    assert severities(quiet) == {"layers.3.gate.weight": "note"}


@pytest.mark.parametrize("tensors", [
    layers("layers.{}.fc.weight", *(0.02 / (i + 1) ** 0.5 for i in range(96))),
    layers("layers.{}.fc.weight", *(0.02 * 1.5**i for i in range(8))),
    layers("layers.{}.fc.weight", USUAL, USUAL, 100 * USUAL),
    layers("layers.{}.fc.weight", USUAL, USUAL, 90 * USUAL, 99 * USUAL, 100 * USUAL),
    layers("base.layers.{}.q.lora_B.default.weight", 0.0, 1e-5, 1e-5, 1e-5, 1e-5, 0.1),
    layers("net.{}.weight", 1.0, 1.0, 1.0, 1.0, 1.0, 300.0),
    [*layers("layers.{}.fc.weight", *[USUAL] * 5), weight("embed.weight", 30.0, (9000, 64)),
     weight("lm_head.weight", 30.0, (9000, 64))],
    [builders.tensor(f"layers.{i}.norm.weight", shape=(64,), numel=64, rms_rest=99.0 * (i == 3))
     for i in range(8)],
    [*layers("layers.{}.fc.weight", *[USUAL] * 5), weight("layers.9.fc.weight", 40.0, (64, 1))],
], ids=["depth_scaled", "slope", "three", "half", "lora", "sequential", "embeddings", "norms",
        "shape"])  # fmt: skip
def test_out_of_family_look_alikes_stay_silent(tensors: list[TensorStats]) -> None:
    """Scales that depth, kind or shape explain, and families too small or too split to tell."""
    assert severities(tensors) == {}


def test_out_of_family_single_flipped_element_stays_silent() -> None:
    """One element is the matter of another rule."""
    family = layers("layers.{}.fc.weight", *[USUAL] * 5)
    flipped = builders.tensor(
        "layers.5.fc.weight", shape=SHAPE, numel=4096, l2=1e30, max=1e30, rms_rest=USUAL
    )
    assert severities([*family, flipped]) == {}


def test_dead_tensor_zero_in_every_layer_stays_silent() -> None:
    """Zero-initialised gates and LoRA's second factor are meant; one dead layer is not."""
    meant = layers("layers.{}.gate.weight", 0.0, 0.0, 0.0)
    meant += layers("layers.{}.q.lora_B.weight", 0.0, USUAL)
    stacked = "decoder.layers.qkv.layer_norm_weight", "decoder.layers.qkv.bias"
    meant += [builders.tensor(name, shape=(2, 32), min=1.0, max=1.0) for name in stacked]
    dead = layers("layers.{}.fc.weight", USUAL, 0.0, USUAL)
    found = dead_tensor.check(scanned(*meant, *dead))
    assert [finding.where for finding in found] == ["layers.1.fc.weight"]
