"""Loading a state into a model: what fits, what does not, and under which names."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nandoctor.errors import ReplayError
from nandoctor.targets.weights import load_weights, unwrapped


class Tied(nn.Module):
    """An embedding whose weight the head shares."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight


def test_load_weights_mismatch_names_missing_unexpected_and_shape() -> None:
    """One line says all that does not fit, the hint the way out."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
    state = {"0.weight": torch.ones(4, 9), "0.bias": torch.ones(4), "2.weight": torch.ones(1)}
    with pytest.raises(ReplayError) as caught:
        load_weights(model, state, "run/ckpt.pt", allow_mismatch=False)
    assert caught.value.message == (
        "run/ckpt.pt does not fit the model: missing 2: 1.weight, 1.bias; unexpected 1: 2.weight; "
        "shape (checkpoint vs model) 1: 0.weight (4, 9) vs (4, 3)"
    )
    assert "--allow-mismatch" in caught.value.hint


def test_load_weights_allowed_mismatch_loads_what_fits_and_says_the_rest() -> None:
    """The fitting tensor is loaded, the others are reported."""
    model = nn.Linear(3, 4)
    state = {"weight": torch.full((4, 3), 7.0), "extra": torch.ones(1)}
    skipped = load_weights(model, state, "ckpt.pt", allow_mismatch=True)
    assert bool((model.weight == 7).all())
    assert "missing 1: bias; unexpected 1: extra" in skipped[0].reason


@pytest.mark.parametrize("prefix", ["model.", "net."])
def test_load_weights_one_leading_name_more_or_less_is_no_mismatch(prefix: str) -> None:
    """A Lightning checkpoint holds ``model.`` in front of what build_model returns."""
    model = nn.Sequential(nn.Linear(3, 1))
    inner = {name: torch.full_like(value, 2.0) for name, value in model.state_dict().items()}
    outer = {prefix + name: value for name, value in inner.items()}
    assert load_weights(model, outer, "a", allow_mismatch=False) == ()
    assert bool((model[0].weight == 2).all())
    wrapped = nn.ModuleDict({prefix.removesuffix("."): model})
    assert load_weights(wrapped, inner, "b", allow_mismatch=False) == ()


def test_load_weights_tied_tensor_that_is_not_stored_is_not_missing() -> None:
    """safetensors stores a shared tensor once."""
    model = Tied()
    assert load_weights(model, {"embed.weight": torch.ones(5, 3)}, "a", allow_mismatch=False) == ()
    assert bool((model.head.weight == 1).all())


def test_load_weights_gives_the_model_the_dtype_that_it_crashed_in() -> None:
    """A half-precision checkpoint is not replayed in float32."""
    model = nn.Linear(3, 1)
    state = {name: value.half() for name, value in model.state_dict().items()}
    load_weights(model, state, "a", allow_mismatch=False)
    assert {p.dtype for p in model.parameters()} == {torch.float16}


def test_unwrapped_looks_inside_every_wrapper() -> None:
    """DataParallel and compiled modules hide the module that has the plain names."""
    inner = nn.Linear(2, 2)
    assert unwrapped(nn.DataParallel(inner)) is inner
    assert unwrapped(torch.compile(nn.DataParallel(inner), backend="eager")) is inner
    assert unwrapped(inner) is inner


def test_load_weights_into_a_model_with_a_compiled_part() -> None:
    """The names that torch.compile adds inside are none of the checkpoint's business."""
    model = nn.Sequential(torch.compile(nn.Linear(3, 1), backend="eager"))
    state = {"0.weight": torch.ones(1, 3), "0.bias": torch.ones(1)}
    assert load_weights(model, state, "a", allow_mismatch=False) == ()


def test_load_weights_leaves_a_dtype_that_the_author_chose() -> None:
    """float32 masters in the file do not turn a half-precision model into a float32 one."""
    model = nn.Linear(3, 1).half()
    state = {name: value.float() for name, value in model.state_dict().items()}
    load_weights(model, state, "a", allow_mismatch=False)
    assert {p.dtype for p in model.parameters()} == {torch.float16}
