"""Components by the module names of real models."""

import pytest

from nandoctor.rules.attribution import component_of, input_component
from rules.examples.made import failed, operand

NAMES = {
    "vision": [
        "vision_tower.vision_model.encoder.layers.3.mlp.fc1", "visual.blocks.7.attn.qkv",
        "vision_model.embeddings.patch_embedding", "model.vision_tower.embeddings",
        "vit.layers.2.layernorm_after", "visual.patch_embed.proj", "layer2.0.bn2", "conv1",
        "image_encoder.trunk.blocks.0",
    ],
    "projector": [
        "multi_modal_projector.linear_1", "model.mm_projector.0", "qformer.encoder.layer.0",
        "query_tokens", "visual.merger.mlp.0", "mlp1.1", "model.connector.modality_projection",
        "language_projection", "visual_projection",
    ],
    "language": [
        "language_model.model.layers.0.self_attn.q_proj", "model.layers.11.mlp.down_proj",
        "lm_head", "transformer.h.0.attn", "model.embed_tokens", "text_model.encoder.layers.1",
        "bert.encoder.layer.3.output", "model.rotary_emb",
    ],
    "loss": ["criterion", "logit_scale", "kl", "ctc.loss"],
    "other": ["fc", "net.0", "decoder.blocks.3.mlp.fc2"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "component"), [(name, part) for part, names in NAMES.items() for name in names]
)
def test_component_of_a_module_path_of_a_real_model(name: str, component: str) -> None:
    """LLaVA, Qwen-VL, InternVL, BLIP-2, CLIP, SigLIP, Idefics and plain models."""
    assert component_of(name) == component


def test_component_of_a_free_loss_function_is_loss() -> None:
    """A path that is empty says nothing; the op does."""
    origin = failed("nll_loss_forward", operand()).replay.origin
    assert component_of("", origin) == "loss"


@pytest.mark.parametrize(
    ("name", "component"), [("pixel_values", "vision"), ("input_ids", "data"), ("x", "data")]
)
def test_component_of_a_batch_entry(name: str, component: str) -> None:
    """Images belong to vision, all else to the data."""
    assert input_component(name) == component
