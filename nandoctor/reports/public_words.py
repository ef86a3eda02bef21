"""The words that nandoctor itself writes and the names that half the models in the world have."""

from __future__ import annotations

import builtins
import re
from functools import cache

from nandoctor.reports.words import catalogue

_COMMON = """
act activation attention attn backbone batch_norm bias block blocks bn buffer c_attn c_fc
c_proj classifier cls_token conv conv1 conv2 conv_in conv_out cross_attention decoder down
down_proj downsample dropout embed embed_positions embed_tokens embedding embeddings encoder
exp_avg exp_avg_sq fc fc1 fc2 ffn final_layer_norm gate gate_proj grad h head in_proj_bias
in_proj_weight input input_ids input_layernorm k_proj key labels language_model layer
layer_norm layernorm layers linear linear_1 linear_2 linear1 linear2 lm_head ln_1 ln_2 ln_f
loss max_exp_avg_sq mlp mlp_norm mm_projector model momentum_buffer multi_modal_projector norm
norm1 norm2 num_batches_tracked o_proj optimizer out out_proj output patch_embed
patch_embedding pixel_values pool pos_embed position_embedding post_attention_layernorm proj
projector q_proj qkv query relu running_mean running_var self_attn shortcut step stem target
targets text_model token_embedding transformer up up_proj upsample v_proj value vision_model
vision_tower visual weight wpe wte x y
"""
PUBLIC = frozenset(re.findall(r"\w+", _COMMON))
"""Parts of module and tensor names that are not private."""
_MORE = """
epoch lr loss_scale grad_norm num_skipped_steps accuracy train val valid eval test perplexity
torch numpy aten nn cuda cpu mps xpu float16 float32 float64 bfloat16 float8 e4m3fn e5m2 int32
int64 bool uint8 fp8 fp16 fp32 fp64 bf16 amp nan inf AdamW Adam SGD RMSprop Adagrad Lion Adafactor
softmax log exp sqrt pow div mul sub sum mean var std bmm mm addmm matmul
"""


@cache
def own_words() -> frozenset[str]:
    """Return every word, in lower case, that a sentence of nandoctor's may hold by itself."""
    entries = catalogue("zh")
    told = [re.sub(r"\{\w+\}", " ", text) for part in entries.values() for text in part]
    errors = [name for name in dir(builtins) if name.endswith(("Error", "Exception"))]
    text = " ".join([*told, *errors, *PUBLIC, _MORE])
    return frozenset(word.lower() for word in re.findall(r"[^\W_]+", text))
