"""Micro-cases in real library models of tiny configurations (transformers)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.tracing.micro import case, step

NAN, INF = float("nan"), float("inf")
IMAGE = 99


def _ids(rows: int = 4, length: int = 10, seed: int = 1, low: int = 3, high: int = 95) -> Any:
    return torch.randint(low, high, (rows, length), generator=torch.Generator().manual_seed(seed))


def _text(**changes: Any) -> dict[str, Any]:
    tiny = {
        "vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2,
    }  # fmt: skip
    return {**tiny, **changes}


def _llama(**changes: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**_text(**changes))).train()


def _batch(ids: Any = None) -> dict[str, Any]:
    ids = _ids() if ids is None else ids
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}


def _loss(model: Any, batch: Any) -> Any:
    return model(**batch).loss


def _t5(**changes: Any) -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    tiny = {
        "vocab_size": 100, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2,
        "num_decoder_layers": 2, "num_heads": 4, "decoder_start_token_id": 0, "dropout_rate": 0.0,
    }  # fmt: skip
    return T5ForConditionalGeneration(T5Config(**{**tiny, **changes})).train()


def _vision(**changes: Any) -> dict[str, Any]:
    tiny = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "image_size": 16, "patch_size": 8,
    }  # fmt: skip
    return {**tiny, **changes}


def _pixels(rows: int = 4, seed: int = 1) -> Any:
    return torch.randn(rows, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


@case(None)
def t5_healthy() -> Any:
    return step(_t5(), _batch(), _loss)


@case("parameters", "embedding", "encoder.embed_tokens", [2], line=False)
def t5_embedding_row() -> Any:
    model = _t5()
    with torch.no_grad():
        model.shared.weight[97] = NAN
    batch = _batch()
    batch["input_ids"][2, 3] = 97
    model.lm_head.weight = nn.Parameter(torch.randn(100, 32))
    model.config.tie_word_embeddings = False
    return step(model, batch, _loss)


@case("backward", "mul", "encoder.block.0.layer.1.DenseReluDense", [1], line=False)
def t5_gated_gelu_overflow_half() -> Any:
    """The block clamps the inf of the forward pass; the gradient is NaN all the same."""
    model = _t5(feed_forward_proj="gated-gelu")
    with torch.no_grad():
        model.shared.weight[98] = 0
        model.shared.weight[98, 4] = 50.0
        ff = model.encoder.block[0].layer[1].DenseReluDense
        ff.wi_0.weight.mul_(0.1)
        ff.wi_0.weight[5, 4] = 24.0
        ff.wi_1.weight[5, 4] = 250.0
        ff.wo.weight.fill_(0.01)
    batch = _batch()
    batch["input_ids"][1, 2] = 98
    return step(model.half(), batch, _loss)


def _attention_padded(attention: str, **changes: Any) -> Any:
    """Return Llama with a 4-d -inf mask whose sample 1 masks every key of its first rows."""
    model = _llama(attn_implementation=attention, **changes)
    batch = _batch()
    mask = torch.full((10, 10), -INF).triu(1).expand(4, 1, 10, 10).clone()
    mask[1, :, :, :4] = -INF
    batch["attention_mask"] = mask
    return model, batch


@case("forward", "_softmax softmax", "model.layers.0.self_attn", [1], line=False)
def llama_eager_all_masked_rows() -> Any:
    model, batch = _attention_padded("eager")
    return step(model, batch, _loss)


@case("forward", "_softmax softmax", "model.layers.0.self_attn", [1], line=False)
def llama_eager_all_masked_rows_checkpointed() -> Any:
    model, batch = _attention_padded("eager")
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return step(model, batch, _loss)


@case(None)
def llama_sdpa_all_masked_rows() -> Any:
    model, batch = _attention_padded("sdpa")
    return step(model, batch, _loss)


@case("forward", "bmm baddbmm matmul mul", "model.layers.1.self_attn", [2], line=False)
def llama_eager_scores_overflow_half() -> Any:
    model = _llama(attn_implementation="eager")
    with torch.no_grad():
        model.model.embed_tokens.weight.normal_(0, 1)
        model.model.embed_tokens.weight[97] = 0
        model.model.embed_tokens.weight[97, 1] = 30.0
        attention = model.model.layers[1].self_attn
        attention.q_proj.weight[0, 1] = attention.k_proj.weight[0, 1] = 100.0
    batch = _batch()
    batch["input_ids"][2, 4] = 97
    return step(model.half(), batch, _loss)


@case("parameters", "mul", "model.layers.1.post_attention_layernorm", None, line=False)
def llama_norm_weight_nan_checkpointed() -> Any:
    model = _llama()
    with torch.no_grad():
        model.model.layers[1].post_attention_layernorm.weight[3] = NAN
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": True})
    model.enable_input_require_grads()
    return step(model, _batch(), _loss)


@case("backward", "pow mul", "transformer.h.0.mlp.act", [1], line=False)
def gpt2_gelu_new_gradient_half() -> Any:
    """pow(x, 3) is inf above 40 in fp16; tanh hides it, the gradient does not."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=100, n_positions=32, n_embd=32, n_layer=2, n_head=4, resid_pdrop=0.0,
                   embd_pdrop=0.0, attn_pdrop=0.0, tie_word_embeddings=False)
    )  # fmt: skip
    with torch.no_grad():
        model.transformer.wte.weight[97] = 0
        model.transformer.wte.weight[97, 2] = 5.0
        model.transformer.h[0].mlp.c_fc.weight[2, 7] = 30.0
        model.transformer.h[0].mlp.c_proj.weight[7] = 0.01
    batch = _batch()
    batch["input_ids"][1, 2] = 97
    return step(model.half().train(), batch, _loss)


@case("backward", "exp mul", "backbone.layers.0.mixer", None, line=False)
def mamba_a_log_overflows() -> Any:
    from transformers import MambaConfig, MambaForCausalLM

    torch.manual_seed(0)
    model = MambaForCausalLM(
        MambaConfig(vocab_size=100, hidden_size=16, state_size=4, num_hidden_layers=2)
    )
    with torch.no_grad():
        model.backbone.layers[0].mixer.A_log[3, 1] = 100.0
    return step(model.train(), {"input_ids": _ids(), "labels": _ids()}, _loss)


@case("batch", "convolution", "vision_model.embeddings.patch_embedding", [2], line=False)
def clip_nan_pixel() -> Any:
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(0)
    text = {**_vision(), "vocab_size": 100, "max_position_embeddings": 16, "eos_token_id": 2}
    text = {k: v for k, v in text.items() if k not in ("image_size", "patch_size")}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=_vision(), projection_dim=16))
    pixels = _pixels()
    pixels[2, 0, 3, 3] = NAN
    batch = {"input_ids": _ids(4, 8), "pixel_values": pixels, "return_loss": True}
    return step(model.train(), batch, _loss)


@case("parameters", "exp", "", None, line=False)
def clip_logit_scale_is_nan() -> Any:
    target = clip_nan_pixel()
    target.batch["pixel_values"] = _pixels()
    with torch.no_grad():
        target.model.logit_scale.fill_(NAN)
    return target


@case("forward", "exp", "", None, line=False)
def clip_logit_scale_is_large() -> Any:
    target = clip_nan_pixel()
    target.batch["pixel_values"] = _pixels()
    with torch.no_grad():
        target.model.logit_scale.fill_(95.0)
    return target


@case(
    "parameters", "embedding", "vision_model.embeddings.position_embedding", None, line=False
)  # fmt: skip
def siglip_position_embedding_is_nan() -> Any:
    from transformers import SiglipConfig, SiglipModel

    torch.manual_seed(0)
    text = {k: v for k, v in _vision().items() if k not in ("image_size", "patch_size")}
    text = {**text, "vocab_size": 100, "max_position_embeddings": 16, "projection_size": 32}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config=_vision()))
    with torch.no_grad():
        model.vision_model.embeddings.position_embedding.weight[1, 1] = NAN
    batch = {"input_ids": _ids(4, 8), "pixel_values": _pixels(), "return_loss": True}
    return step(model.train(), batch, _loss)


def _qwen_vl() -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(0)
    config = Qwen2_5_VLConfig(
        text_config={**_text(), "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
                     "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2],
                                         "rope_theta": 1e4}},
        vision_config={"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 4,
                       "patch_size": 4, "spatial_merge_size": 2, "out_hidden_size": 32,
                       "window_size": 16, "fullatt_block_indexes": [1], "temporal_patch_size": 2,
                       "in_channels": 3},
        image_token_id=97, video_token_id=96, vision_start_token_id=95, vision_end_token_id=94,
    )  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(config).train()


def _qwen_batch() -> dict[str, Any]:
    ids = _ids(3, 12, high=90)
    ids[:, 1] = 95
    ids[:, 2:6] = 97
    pixels = torch.randn(3 * 16, 3 * 2 * 16, generator=torch.Generator().manual_seed(0))
    grid = torch.tensor([[1, 4, 4]] * 3)
    batch = {**_batch(ids), "pixel_values": pixels, "image_grid_thw": grid}
    batch["mm_token_type_ids"] = (ids == 97).long()
    return batch


@case(None)
def qwen_vl_healthy() -> Any:
    return step(_qwen_vl(), _qwen_batch(), _loss)


@case("batch", "convolution", "model.visual.patch_embed.proj", [1], line=False)
def qwen_vl_nan_patch() -> Any:
    batch = _qwen_batch()
    batch["pixel_values"][20, 5] = NAN
    return step(_qwen_vl(), batch, _loss)


@case("forward", "addmm", "model.visual.merger.mlp.2", None, line=False)
def qwen_vl_merger_overflow_half() -> Any:
    model = _qwen_vl()
    batch = _qwen_batch()
    with torch.no_grad():
        model.model.visual.merger.mlp[0].weight.zero_()
        model.model.visual.merger.mlp[0].bias.fill_(200.0)
        model.model.visual.merger.mlp[2].weight.fill_(20.0)
    return step(model.half(), {**batch, "pixel_values": batch["pixel_values"].half()}, _loss)


@case("forward", "div", "pool", [1], line=False)
def bert_mean_pool_without_tokens() -> Any:
    from transformers import BertConfig, BertModel

    class Pool(nn.Module):
        def forward(self, h, mask):
            m = mask[..., None].to(h.dtype)
            return (h * m).sum(1) / m.sum(1)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            config = BertConfig(
                vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                intermediate_size=64, hidden_dropout_prob=0.1,
            )  # fmt: skip
            self.bert, self.pool = BertModel(config, add_pooling_layer=False), Pool()

        def forward(self, ids, mask):
            h = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
            return self.pool(h, mask)

    ids = _ids()
    mask = torch.ones_like(ids)
    mask[1] = 0
    return step(Model().train(), (ids, mask), lambda m, b: m(*b).square().mean())


@case("forward", "log", "", [3], line=False)
def whisper_log_of_zero_weight() -> Any:
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=100, num_mel_bins=8, d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_source_positions=20, max_target_positions=16, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, decoder_start_token_id=1, suppress_tokens=None,
        begin_suppress_tokens=None,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config).train()

    def loss(model: Any, batch: Any) -> Any:
        out = model(input_features=batch["features"], labels=batch["labels"])
        each = F.cross_entropy(out.logits.transpose(1, 2), batch["labels"], reduction="none")
        return out.loss + (each.mean(1) * torch.log(batch["weight"])).mean()

    features = torch.randn(4, 8, 40, generator=torch.Generator().manual_seed(0))
    weight = torch.tensor([1.0, 0.5, 0.2, 0.0])
    return step(model, {"features": features, "labels": _ids(4, 8), "weight": weight}, loss)


@case("parameters", "native_layer_norm", "vit.layers.1.layernorm_before", None, line=False)
def vit_norm_bias_inf() -> Any:
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(0)
    model = ViTForImageClassification(ViTConfig(**_vision(), num_labels=5))
    with torch.no_grad():
        model.vit.layers[1].layernorm_before.bias[0] = INF
    return step(model.train(), {"pixel_values": _pixels(), "labels": torch.arange(4)}, _loss)


@case("forward", "nll_loss_forward", "", None, line=False)
def llava_all_ignored() -> Any:
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig
    from transformers import LlavaForConditionalGeneration as Llava

    torch.manual_seed(0)
    vision = CLIPVisionConfig(**_vision(projection_dim=32))
    model = Llava(
        LlavaConfig(vision_config=vision, text_config=LlamaConfig(**_text()), image_token_id=IMAGE,
                    vision_feature_layer=-1, image_seq_length=4)
    )  # fmt: skip
    ids = _ids(4, 12)
    ids[:, 1:5] = IMAGE
    batch = {**_batch(ids), "pixel_values": _pixels()}
    batch["labels"] = torch.full_like(ids, -100)
    return step(model.train(), batch, _loss)


@case("forward", "convolution", "model.visual.patch_embed.proj", [1], line=False)
def qwen_vl_loud_image_half() -> Any:
    batch = _qwen_batch()
    batch["pixel_values"][16:32] = 6e4
    model = _qwen_vl()
    with torch.no_grad():
        model.model.visual.patch_embed.proj.weight.abs_().add_(0.1)
    return step(model.half(), {**batch, "pixel_values": batch["pixel_values"].half()}, _loss)


@case("batch", "convolution", "model.vision_tower.embeddings.patch_embedding", [3], line=False)
def llava_nan_image_of_a_batch_with_a_text_only_sample() -> Any:
    target = llava_all_ignored()
    batch = dict(target.batch)
    batch["input_ids"][1, 1:5] = 7
    batch["labels"] = batch["input_ids"].masked_fill(batch["input_ids"] == IMAGE, -100)
    pixels = _pixels(3)
    pixels[2, 0, 1, 1] = NAN
    return step(target.model, {**batch, "pixel_values": pixels}, _loss)


@case("backward", "div sqrt", "", [2], line=False)
def llama_distance_loss_under_checkpoint() -> Any:
    """A root of zero outside the layers, whose recomputation comes between it and its gradient."""
    model = _llama()
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})

    def loss(model: Any, batch: Any) -> Any:
        hidden = model.model(input_ids=batch["input_ids"]).last_hidden_state * batch["use"]
        return hidden[:, 0].square().sum(-1).sqrt().mean()

    use = torch.ones(4, 1, 1)
    use[2] = 0
    return step(model, {"input_ids": _ids(), "use": use}, loss)


@case("parameters", "cat", "", None, line=False)
def llama_prefix_cache_is_nan() -> Any:
    from transformers import DynamicCache

    class Prefixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = _llama().model
            self.head = nn.Linear(32, 100)
            self.prefix = nn.Parameter(torch.zeros(2, 2, 2, 3, 8))

        def forward(self, input_ids: Any, labels: Any) -> Any:
            cache = DynamicCache()
            for layer in range(2):
                key, value = self.prefix[layer].unsqueeze(1).expand(2, 4, 2, 3, 8)
                cache.update(key, value, layer)
            hidden = self.model(input_ids=input_ids, past_key_values=cache).last_hidden_state
            return F.cross_entropy(self.head(hidden).flatten(0, 1), labels.flatten())

    torch.manual_seed(0)
    model = Prefixed().train()
    with torch.no_grad():
        model.prefix[0, 1, 1, 2, 3] = NAN
    return step(model, {"input_ids": _ids(), "labels": _ids(seed=2)}, lambda m, b: m(**b))


@case(None)
def bert_with_an_unused_nan_module() -> Any:
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=100, hidden_size=32, num_hidden_layers=1, num_attention_heads=4,
        intermediate_size=64,
    )  # fmt: skip
    model = BertModel(config).train()
    with torch.no_grad():
        model.pooler.dense.weight.fill_(NAN)
    optimizer = torch.optim.AdamW(model.parameters())

    def loss(model: Any, batch: Any) -> Any:
        return model(**batch).last_hidden_state.square().mean()

    return step(model, {"input_ids": _ids()}, loss, optimizer=optimizer)
