"""States saved by transformers under other names than its classes use."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nandoctor.targets import build_target
from nandoctor.targets.library_names import as_library_names

transformers = pytest.importorskip("transformers", reason="needs nandoctor[hf]")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture
def mixture() -> torch.nn.Module:
    """A tiny mixture of experts: saved expert by expert, held as one tensor."""
    config = transformers.MixtralConfig(
        vocab_size=32, hidden_size=8, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=1, num_local_experts=2,
    )  # fmt: skip
    return transformers.MixtralForCausalLM(config)


def test_build_target_of_a_mixture_of_experts_loads_what_was_saved(mixture, tmp_path: Path) -> None:
    """The file lists expert by expert; a NaN in one of them arrives in the fused tensor."""
    with torch.no_grad():
        mixture.model.layers[0].mlp.experts.down_proj[1, 2, 3] = float("nan")
    mixture.save_pretrained(tmp_path)
    target, skipped = build_target(model=tmp_path, device="cpu")
    loaded = target.model.state_dict()
    assert all(torch.equal(t.isnan(), loaded[n].isnan()) for n, t in mixture.state_dict().items())
    assert not [item for item in skipped if "part of" in item.what]


def test_state_of_another_model_is_not_made_to_fit(mixture) -> None:
    """Missing weights are reported, never made up."""
    state = {"model.layers.0.mlp.experts.0.w1.weight": torch.zeros(16, 8)}
    assert as_library_names(mixture, state) is None
    assert as_library_names(torch.nn.Linear(2, 2), state) is None


def test_build_target_of_a_vision_language_model_loads_what_was_saved(tmp_path: Path) -> None:
    """LLaVA is saved with the names that it had before its parts moved under one module."""
    vision = transformers.CLIPVisionConfig(
        hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        image_size=8, patch_size=4,
    )  # fmt: skip
    text = transformers.LlamaConfig(
        vocab_size=32, hidden_size=8, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2,
    )  # fmt: skip
    config = transformers.LlavaConfig(vision_config=vision, text_config=text, image_token_id=31)
    model = transformers.LlavaForConditionalGeneration(config)
    model.save_pretrained(tmp_path)
    image = {"input_ids": torch.full((1, 4), 31), "pixel_values": torch.zeros(1, 3, 8, 8)}
    target, _ = build_target(model=tmp_path, batch=image, device="cpu")
    loaded = target.model.state_dict()
    assert all(torch.equal(t, loaded[name]) for name, t in model.state_dict().items())
