"""The order in which a model registered its parameters, where a file keeps them sorted by name.

Optimizers number parameters in registration order. torch files keep it; safetensors sorts by name.
Lists and weight/bias pairs have an order of their own; other siblings need one of the usual chains.
Where none fits the order is unknown, and no name is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Shapes = Sequence[tuple[str, tuple[int, ...]]]
_CHAINS = [
    chain.split()
    for chain in (
        "weight bias",
        "weight lora_A lora_B",
        "class_embedding patch_embedding position_embedding",
        "wte wpe h ln_f lm_head",
        "ln_1 attn ln_2 crossattention ln_cross_attn mlp",
        "c_attn q_attn c_proj",
        "c_fc c_proj",
        "embed_tokens embed_positions embed_pos layers final_layer_norm norm lm_head",
        "self_attn mlp input_layernorm post_attention_layernorm",
        "self_attn self_attn_layer_norm encoder_attn encoder_attn_layer_norm fc1 fc2 "
        "final_layer_norm",
        "self_attn layer_norm1 mlp layer_norm2",
        "q_proj k_proj v_proj o_proj q_norm k_norm",
        "k_proj v_proj q_proj out_proj",
        "gate_proj up_proj down_proj",
        "gate experts",
        "embeddings pre_layrnorm encoder post_layernorm pooler",
        "word_embeddings position_embeddings token_type_embeddings LayerNorm",
        "attention intermediate output",
        "self output",
        "query key value",
        "dense LayerNorm",
        "shared encoder decoder lm_head",
        "model lm_head score classifier",
        "transformer lm_head score",
        "bert roberta pooler dropout classifier cls",
        "encoder decoder head",
        "backbone neck head",
        "vision_tower multi_modal_projector projector language_model lm_head",
        "vision_model text_model visual_projection text_projection",
        "conv1 bn1 conv2 bn2 conv3 bn3 downsample layer1 layer2 layer3 layer4 fc",
        "conv1 bn1 layer1 layer2 layer3 layer4 fc",
        "tok_emb pos_emb blocks ln_f head",
        "embed_in layers final_layer_norm embed_out",
    )
]


def registration_order(parameters: Shapes) -> Shapes | None:
    """Return the parameters in registration order, None where it cannot be known."""
    names = [name for name, _ in parameters]
    if names != sorted(names):
        return parameters
    by_name = dict(parameters)
    ordered = _walk([name.split(".") for name in names])
    if ordered is None:
        return None
    return [(name, by_name[name]) for name in (".".join(parts) for parts in ordered)]


def _walk(paths: list[list[str]]) -> list[list[str]] | None:
    """Order the paths below one module: its own parameters first, then child by child."""
    own = [path for path in paths if len(path) == 1]
    children: dict[str, list[list[str]]] = {}
    for path in paths:
        if len(path) > 1:
            children.setdefault(path[0], []).append(path[1:])
    first, rest = _siblings([path[0] for path in own]), _siblings(list(children))
    if first is None or rest is None:
        return None
    ordered: list[list[str]] = [[name] for name in first]
    for child in rest:
        below = _walk(children[child])
        if below is None:
            return None
        ordered += [[child, *path] for path in below]
    return ordered


def _siblings(names: list[str]) -> list[str] | None:
    if len(names) < 2:
        return names
    if len({re.sub(r"\d+", "", name) for name in names}) == 1:
        return sorted(names, key=_numbers)
    for chain in _CHAINS:
        if set(names) <= set(chain):
            return sorted(names, key=chain.index)
    return None


def _numbers(name: str) -> Any:
    return [int(number) for number in re.findall(r"\d+", name)]
