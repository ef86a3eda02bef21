"""Which component of a model a module or tensor belongs to, by the names that real models use."""

from __future__ import annotations

import re

from nandoctor.evidence import Component, Origin

# Ordered: a projector inside a vision tower's namespace is a projector all the same, and a
# language model's own "vision" is none. Names of LLaVA, Qwen-VL, InternVL, BLIP-2, CLIP, SigLIP,
# Idefics, PaliGemma, MiniCPM-V, Flamingo, plain transformers, CNNs and ViTs.
_WORDS: tuple[tuple[Component, str], ...] = (
    (
        "projector",
        r"multi_modal_projector|mm_projector|projector|resampler|perceiver|connector|qformer|"
        r"q_former|query_tokens|language_projection|visual_projection|text_projection|mlp1|"
        r"merger|aligner|adapter_proj|modality_projection|patch_merger|image_newline|"
        r"gated_cross_attn",
    ),
    (
        "loss",
        r"criterion|\bcrit\b|losses?|\bloss_fn\b|\bobjective\b|logit_scale|logit_bias|"
        r"temperature|\bkl\b|entropy|\bctc\b",
    ),
    (
        "vision",
        r"vision|visual|\bvit\b|image_encoder|img_encoder|image_tower|patch_embed\w*|pixel\w*|"
        r"\bimage\w*|siglip|eva_clip|\bresnet\b|\bconv\d*\b|\bconv_?in\b|backbone|\bstem\b|"
        r"\bbn\d+\b|\blayer[1-4]\.\d|\bstages?\.\d|\bfeatures\.\d|cls_token|pos_embed",
    ),
    (
        "language",
        r"language_model|text_model|text_encoder|\bllm\b|\blm\b|lm_head|embed_tokens|\bwte\b|"
        r"\bwpe\b|word_embeddings|\bdecoder\.layers|model\.layers\.\d|transformer\.h\.\d|"
        r"\bbert\b|encoder\.layer\.\d|\bgpt\w*|\bllama\b|rotary_emb|embed_pos\b|position_ids|"
        r"input_ids|\blayers\.\d+\.(attn|self_attn|mlp|mixer)|\brnn\b|\blstm\b|\bgru\b",
    ),
)
_PATTERNS = tuple((component, re.compile(words, re.IGNORECASE)) for component, words in _WORDS)
_LOSS_OPS = re.compile(r"nll_loss|cross_entropy|ctc_loss|mse_loss|kl_div|binary_cross|smooth_l1")


def component_of(name: str, origin: Origin | None = None) -> Component:
    """Return the component of a module path or tensor name.

    Args:
        name: Dotted path; empty for the root's own forward or a free function.
        origin: The origin there, whose op and phase tell more than an empty path.
    """
    if origin is not None and origin.phase == "optimizer":
        return "optimizer"
    if origin is not None and origin.phase == "batch":
        return input_component(origin.tensor or "")
    if origin is not None and _LOSS_OPS.search(origin.op):
        return "loss"
    for component, pattern in _PATTERNS:
        if pattern.search(name):
            return component
    if not name and origin is not None:
        return "loss"
    return "other"


def input_component(name: str) -> Component:
    """Return the component that a batch entry belongs to: images to vision, the rest to data."""
    return "vision" if _is(name, "vision") else "data"


def _is(name: str, wanted: Component) -> bool:
    return any(pattern.search(name) for part, pattern in _PATTERNS if part == wanted)
