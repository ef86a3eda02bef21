"""What a metric's name means (step, grad norm, lr, loss scale); losses have a room of their own,
and values do not matter here."""

from __future__ import annotations

from functools import lru_cache

from nandoctor.logs.loss_name import names_a_loss
from nandoctor.logs.vocabulary import (
    METRICS,
    NOISE,
    NOT_A_STEP,
    STEP_LAST,
    VALIDATION,
    words_of,
)


@lru_cache(maxsize=4096)
def is_validation(name: str) -> bool:
    """Whether the name is of a validation or test metric."""
    return any(word in VALIDATION for word in words_of(name))


def _names_a_metric(words: tuple[str, ...]) -> bool:
    return names_a_loss(words) or any(word in METRICS for word in words)


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
    if text.endswith(("loss scale", "loss scale to", "grad scale", "scaler scale", "cur scale")):
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
    words = tuple(word for word in words_of(name) if not word.isdigit())
    if words[-1:] == ("id",) and words[-2:-1] != ("run",):
        words = words[:-1]  # batch_id
    if not words or counter_name(name) or (words[-1] != "epoch" and set(words) & NOT_A_STEP):
        text = " ".join(words)
        return 0 if text in {"trainer global step", "train global step", "train step"} else None
    if _names_a_metric(words) and words[-2:-1] != ("at",):
        return None
    text = " ".join(words)
    if text == "episode steps":
        return None
    if text.endswith(("global step", "num updates", "global steps")) or text == "step":
        return 0
    if text == "up":  # Marian's update
        return 1
    if words[-1] in {"batch", "minibatch", "minibatches", "it", "batches", "i", "idx", "t"}:
        return 3 if len(words) < 3 or words[-1] in {"batch", "minibatch"} else None
    if words[-1] in STEP_LAST:
        return 1
    if text == "index":
        return 4
    if words[-1] in {"epoch", "epochs", "episode", "episodes", "round"}:
        return 5
    return None


@lru_cache(maxsize=4096)
def gathered_name(name: str) -> str:
    """Return the one name of steps, and of epochs, however a line puts it; others as they are."""
    if step_rank(name) in (0, 1):
        return name.split()[-1].lower().replace("steps", "step")
    is_that_of_the_row = name.lower().endswith("epoch") and "best" not in name.lower()
    return "epoch" if is_that_of_the_row else name


def is_epoch(name: str) -> bool:
    """Whether the name is of an epoch counter."""
    return step_rank(name) == 5


@lru_cache(maxsize=4096)
def is_noise(name: str) -> bool:
    """Whether the name is of a time, speed, memory or the like: no signal for a diagnosis."""
    words = words_of(name)
    return not words or any(word in NOISE or word.isdigit() for word in words)
