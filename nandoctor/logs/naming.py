"""What a metric's name means (step, loss, grad norm, lr, loss scale); values do not matter here."""

from __future__ import annotations

import re
from functools import lru_cache

from nandoctor.logs.vocabulary import (
    AVERAGE,
    METRICS,
    NEUTRAL,
    NOISE,
    NOT_A_LOSS,
    NOT_A_STEP,
    SECONDARY,
    STEP_LAST,
    TRAIN,
    VALIDATION,
)

LAST_RESORT = 40
"""Loss ranks from here on are validation metrics."""


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """Return the lower-case words of a metric's name (``train/Loss_step`` → train, loss, step)."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name)
    return tuple(word for word in re.split(r"[^a-z0-9]+", split.lower()) if word)


def is_validation(name: str) -> bool:
    """Whether the name is of a validation or test metric."""
    return any(word in VALIDATION for word in words_of(name))


@lru_cache(maxsize=4096)
def loss_rank(name: str) -> int | None:
    """Say how surely a name is THE training loss: 0 = surely, None = not at all."""
    words = words_of(name)
    if not words or any(word in NOT_A_LOSS for word in words):
        return None
    base = LAST_RESORT if is_validation(name) else 0
    if not _names_a_loss(words):
        return _secondary_rank(words, base)
    rest = {_without_loss(word) for word in words} - NEUTRAL - TRAIN - VALIDATION - {""}
    if not rest:
        return base + (5 if words[:1] == ("value",) else 0)  # a critic's, not "loss value"
    if rest <= AVERAGE:
        return base + 2
    return base + (5 if rest & AVERAGE == set() else 7)


def _names_a_loss(words: tuple[str, ...]) -> bool:
    return any(word.endswith(("loss", "losses")) or word.startswith("loss") for word in words)


def _names_a_metric(words: tuple[str, ...]) -> bool:
    return _names_a_loss(words) or any(word in METRICS for word in words)


def _without_loss(word: str) -> str:
    return re.sub(r"^loss(es)?|loss(es)?$", "", word)


def _secondary_rank(words: tuple[str, ...], base: int) -> int | None:
    ranks = [SECONDARY[word] for word in words if word in SECONDARY]
    if not ranks or any(word in NOISE for word in words):
        return None
    if words[-1] == "l" and len(words) > 1 and not set(words) & (TRAIN | VALIDATION):
        return None
    extra = len(set(words) - TRAIN - NEUTRAL - VALIDATION - SECONDARY.keys())
    return base + min(ranks) + min(2 * extra, 10)


@lru_cache(maxsize=4096)
def grad_norm_rank(name: str) -> int | None:
    """Say how surely a name is the global gradient norm."""
    words = words_of(name)
    text = " ".join(words)
    if "clipped" in text and "unclipped" not in text and "before" not in text:
        return 9
    if text in {"grad norm", "gnorm", "gradnorm", "gradient norm", "total grad norm", "gparam"}:
        return 0
    if {"param", "params", "weight", "update"} & set(words) or is_validation(name):
        return None
    if text.endswith(("grad norm", "gradient norm", "grad norm total", "gradnorm", "gnorm")):
        return 1
    if "norm" in words and ("grad" in words or "grads" in words or "gradient" in words):
        return 2
    return 4 if text == "norm" else None


@lru_cache(maxsize=4096)
def lr_rank(name: str) -> int | None:
    """Say how surely a name is the learning rate."""
    words = words_of(name)
    text = " ".join(words)
    if text in {"lr", "learning rate", "train lr", "train learning rate", "lr train"}:
        return 0
    if {"min", "max", "final", "decay", "ratio", "scale", "mult", "warmup"} & set(words):
        return None
    return 1 if "lr" in words or "learning rate" in text or "learningrate" in words else None


@lru_cache(maxsize=4096)
def loss_scale_rank(name: str) -> int | None:
    """Say how surely a name is the mixed-precision loss scale."""
    text = " ".join(words_of(name))
    if text in {"loss scale", "scale", "grad scale", "amp scale", "loss scaling", "scaler scale"}:
        return 0
    if text.endswith(("loss scale", "grad scale", "scaler scale", "cur scale")):
        return 1
    return None


def counter_name(name: str) -> str | None:
    """Return the canonical name of a counter of skipped or non-finite steps."""
    words = set(words_of(name))
    if "nan" in words and words & {"iterations", "steps", "num", "number", "grads", "iters"}:
        return "num_nan_steps"
    if words & {"skipped", "skip", "skips"} and words & {
        "iterations", "steps", "skipped", "num", "number", "iters",
    }:  # fmt: skip
        return "num_skipped_steps"
    return None


@lru_cache(maxsize=4096)
def step_rank(name: str) -> int | None:
    """Say how surely a name is the step: 0 a global step, 5 an epoch, None neither."""
    words = words_of(name)
    if not words or counter_name(name) or (words[-1] != "epoch" and set(words) & NOT_A_STEP):
        text = " ".join(words)
        return 0 if text in {"trainer global step", "train global step", "train step"} else None
    if _names_a_metric(words) and words[-2:-1] != ("at",):
        return None
    text = " ".join(words)
    if text.endswith(("global step", "num updates", "global steps")) or text == "step":
        return 0
    if words[-1] in {"batch", "minibatch", "it", "batches", "i", "idx", "t"}:
        return 3 if len(words) < 3 or words[-1] in {"batch", "minibatch"} else None
    if words[-1] in STEP_LAST:
        return 1
    if text == "index":
        return 4
    if words[-1] in {"epoch", "epochs", "episode", "episodes", "round"}:
        return 5
    return None


def is_epoch(name: str) -> bool:
    """Whether the name is of an epoch counter."""
    return step_rank(name) == 5


@lru_cache(maxsize=4096)
def is_noise(name: str) -> bool:
    """Whether the name is of a time, speed, memory or the like: no signal for a diagnosis."""
    words = words_of(name)
    return not words or any(word in NOISE or word.isdigit() for word in words)
