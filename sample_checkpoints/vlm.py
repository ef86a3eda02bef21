"""A small vision-language model (image patches + text tokens); losses and data stand elsewhere."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head self-attention with explicit scores."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = 1 / math.sqrt(width // heads)
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend; ``mask`` is True where a query may look, broadcast to [batch, heads, q, k]."""
        batch, length, width = x.shape
        shape = (batch, length, self.heads, width // self.heads)
        query = self.q_proj(x).view(shape).transpose(1, 2)
        key = self.k_proj(x).view(shape).transpose(1, 2)
        value = self.v_proj(x).view(shape).transpose(1, 2)
        scores = query @ key.transpose(-1, -2) * self.scale
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        mixed = scores.softmax(dim=-1).to(value.dtype) @ value
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """Transformer block; ``norm`` is ``pre``, ``post`` or ``none``."""

    def __init__(self, width: int, heads: int, norm: str = "pre", dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.is_post = norm == "post"
        self.attention_norm = nn.Identity() if norm == "none" else nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp_norm = nn.Identity() if norm == "none" else nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Add attention and MLP to the residual stream."""
        if self.is_post:
            x = self.attention_norm(x + self.dropout(self.attention(x, mask)))
            return self.mlp_norm(x + self.dropout(self.mlp(x)))
        x = x + self.dropout(self.attention(self.attention_norm(x), mask))
        return x + self.dropout(self.mlp(self.mlp_norm(x)))


class VisionTower(nn.Module):
    """Patches of an image to features; a norm after the last block only where asked for."""

    def __init__(
        self,
        width: int,
        norm: str = "pre",
        has_post_norm: bool = False,
        size: int = 16,
        patch: int = 4,
    ) -> None:
        super().__init__()
        self.patch_embedding = nn.Conv2d(3, width, patch, patch)
        self.position_embedding = nn.Parameter(torch.randn(1, (size // patch) ** 2, width) * 0.1)
        self.layers = nn.ModuleList([Block(width, 2, norm)])
        self.post_layernorm = nn.LayerNorm(width) if has_post_norm else nn.Identity()

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Return [batch, patches, width]."""
        x = self.patch_embedding(pixel_values).flatten(2).transpose(1, 2)
        x = x + self.position_embedding
        for layer in self.layers:
            x = layer(x)
        return self.post_layernorm(x)


class Projector(nn.Module):
    """Two-layer MLP from vision features to token embeddings."""

    def __init__(self, vision_width: int, text_width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(vision_width, text_width)
        self.act = nn.GELU()
        self.linear_2 = nn.Linear(text_width, text_width)

    def forward(self, features: Tensor) -> Tensor:
        """Return image tokens."""
        return self.linear_2(self.act(self.linear_1(features)))


class AttentionPool(nn.Module):
    """One vector for a sequence: a learned query looks at the tokens that are no padding."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(width) / math.sqrt(width))

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Return [batch, width]; ``mask`` is True at tokens."""
        scores = (tokens @ self.query).masked_fill(~mask, float("-inf"))
        return (scores.softmax(dim=-1).unsqueeze(-1) * tokens).sum(dim=1)


class LanguageModel(nn.Module):
    """Causal transformer over image and text tokens with word and box heads."""

    def __init__(
        self, vocabulary: int, width: int, context: int, norm: str = "pre", dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, width)
        self.embed_positions = nn.Embedding(context, width)
        nn.init.normal_(self.embed_tokens.weight, std=0.1)
        nn.init.normal_(self.embed_positions.weight, std=0.1)
        self.layers = nn.ModuleList([Block(width, 2, norm, dropout) for _ in range(2)])
        self.norm = nn.LayerNorm(width) if norm == "pre" else nn.Identity()
        self.text_pool = AttentionPool(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.box_head = nn.Linear(width, 4)

    def forward(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """Return hidden states; ``mask`` is [batch, length], True at tokens."""
        length = embeddings.shape[1]
        x = embeddings + self.embed_positions.weight[:length]
        causal = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()
        allowed = causal & mask[:, None, None, :]
        for layer in self.layers:
            x = layer(x, allowed)
        return self.norm(x)


class VisionLanguageModel(nn.Module):
    """Image tokens, then text tokens, read by one language model."""

    def __init__(
        self,
        vocabulary: int = 24,
        vision_width: int = 20,
        text_width: int = 28,
        norm: str = "pre",
        vision_norm: str = "",
        has_post_norm: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.vision_tower = VisionTower(vision_width, vision_norm or norm, has_post_norm)
        self.multi_modal_projector = Projector(vision_width, text_width)
        self.language_model = LanguageModel(vocabulary, text_width, 32, norm, dropout)

    def forward(self, pixel_values: Tensor, input_ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Return word logits at the text positions, the box of the shape and pooled embeddings."""
        image = self.multi_modal_projector(self.vision_tower(pixel_values))
        text = self.language_model.embed_tokens(input_ids)
        seen = torch.ones(image.shape[:2], dtype=torch.bool, device=image.device)
        tokens = torch.cat([image.to(text.dtype), text], dim=1)
        hidden = self.language_model(tokens, torch.cat([seen, mask], dim=1))
        text_hidden = hidden[:, image.shape[1] :]
        return {
            "logits": self.language_model.lm_head(text_hidden),
            "boxes": self.language_model.box_head(hidden[:, image.shape[1] - 1]),
            "image_embeds": image.mean(dim=1),
            "text_hidden": text_hidden,
        }

    def embed_text(self, input_ids: Tensor, mask: Tensor) -> Tensor:
        """Return one vector a caption, made from its words alone."""
        return self.language_model.text_pool(self.language_model.embed_tokens(input_ids), mask)


def next_word_loss(logits: Tensor, input_ids: Tensor, mask: Tensor) -> Tensor:
    """Mean cross entropy of the next word over the caption's words."""
    labels = input_ids[:, 1:].masked_fill(~mask[:, 1:], -100)
    return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels.flatten())
