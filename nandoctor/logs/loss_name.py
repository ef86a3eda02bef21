"""How surely a metric's name is the training loss; its values do not matter here."""

from __future__ import annotations

import re
from functools import lru_cache

from nandoctor.logs.vocabulary import (
    ADVERSARIAL,
    AVERAGE,
    NEUTRAL,
    NOISE,
    NOT_A_LOSS,
    PLAIN,
    SECONDARY,
    SIDE,
    TRAIN,
    VALIDATION,
    words_of,
)

LAST_RESORT = 40
"""Loss ranks from here on are validation metrics."""
WEAK = 33
"""Names from here on are losses only where their values may be some: not all whole numbers."""


@lru_cache(maxsize=4096)
def loss_rank(name: str) -> int | None:
    """Say how surely a name is THE training loss: 0 = surely, None = not at all."""
    words = words_of(name)
    if not words or any(word in NOT_A_LOSS for word in words):
        return None
    base = LAST_RESORT if VALIDATION.intersection(words) else 0
    if not names_a_loss(words):
        rank = _secondary_rank(words)
        return None if rank is None else base + rank
    rest = {_without_loss(word) for word in words} - NEUTRAL - TRAIN - VALIDATION - {""}
    if "entropy" in words and "cross" not in words:
        rest.add("entropy")  # a policy's
    if not rest:
        if words[0] == "value":
            return base + 5  # a critic's, not "loss value"
        is_plain = set(words) <= PLAIN | VALIDATION and "lm" not in words
        return base if is_plain else base + 1  # an lm loss may have others beside it
    if rest <= AVERAGE:
        return base + 2
    if rest & AVERAGE:
        return base + 7
    return base + (4 if "total" in words else 6 if rest & SIDE else 5)


def is_strong(name: str) -> bool:
    """Whether the name alone says that it is a loss, of training or validation."""
    rank = loss_rank(name)
    return rank is not None and rank % LAST_RESORT < WEAK


def names_a_loss(words: tuple[str, ...]) -> bool:
    """Whether one of the words is loss."""
    return any(word.endswith(("loss", "losses")) or word.startswith("loss") for word in words)


def _without_loss(word: str) -> str:
    return re.sub(r"^loss(es)?|loss(es)?$", "", word)


def _secondary_rank(words: tuple[str, ...]) -> int | None:
    if any(word in NOISE for word in words):
        return None
    ranks = [SECONDARY[word] for word in words if word in SECONDARY]
    if {"cross", "entropy"} <= set(words):
        ranks.append(SECONDARY["crossentropy"])
    if not ranks:
        return _weak_rank(words)
    if words[-1] == "l" and len(words) > 1 and not set(words) & (TRAIN | VALIDATION):
        return None
    extra = len(set(words) - TRAIN - NEUTRAL - VALIDATION - SECONDARY.keys())
    return min(min(ranks) + min(2 * extra, 10), WEAK - 1)


def _weak_rank(words: tuple[str, ...]) -> int | None:
    """Rank names that say loss only where nothing else does (``G_A``, ``total``, ``learn``)."""
    if words[0] in ADVERSARIAL and len(words) <= 2:
        return WEAK
    if set(words) <= TRAIN:
        return WEAK + 1
    if words == ("total",):
        return WEAK + 2
    return WEAK + 3 if words == ("value",) else None
