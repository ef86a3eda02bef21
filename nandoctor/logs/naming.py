"""What a metric's name means (step, loss, grad norm, lr, loss scale); values do not matter here."""

from __future__ import annotations

import re
from functools import lru_cache

VALIDATION = {"val", "valid", "validation", "test", "testing", "eval", "evaluation", "dev", "vl"}
_TRAIN = {"train", "training", "trn", "tr", "trainer"}
_NEUTRAL = {
    "loss", "losses", "lm", "total", "reduced", "step", "iter", "iteration", "batch", "current",
    "cur", "value", "per", "token", "main", "model", "is", "global", "overall", "minibatch", "mini",
    "ce", "cross", "entropy", "nll", "log", "the", "exploded", "to", "of", "all", "sum", "raw",
    "instantaneous", "gpt", "language", "task", "policy",
}  # fmt: skip
_AVERAGE = {
    "avg", "average", "mean", "running", "moving", "ave", "smooth", "smoothed", "ema", "avr",
    "epoch", "final", "interval",
}  # fmt: skip
_NOT_A_LOSS = {
    "best", "min", "minimum", "max", "lowest", "initial", "target", "prev", "previous", "delta",
    "scale", "scaler", "scaling", "weight", "weights", "coef", "coeff", "diff", "threshold", "nan",
    "history", "improved", "lambda", "time", "norm", "var", "std", "ratio", "early", "patience",
    "packet", "lr", "inf", "free", "accuracy", "acc", "every", "freq", "type", "id",
    "factor", "aux_weight", "interval_ms", "ms", "sec", "gradient", "alpha",
}  # fmt: skip
_NOISE = {
    "s", "time", "eta", "sec", "secs", "seconds", "ms", "speed", "throughput", "ips", "mem", "memory",
    "gpu", "mfu", "hfu", "tflops", "flops", "tflop", "elapsed", "consumed", "size", "seed", "port",
    "pid", "date", "wps", "ups", "wpb", "bsz", "wall", "samples", "runtime", "timestamp", "tok",
    "tokens", "tps", "img", "it", "fps", "duration", "took", "minutes", "hours", "days", "max_mem",
    "data_time", "batch_cost", "data_cost", "params", "parameters", "num", "gb", "mb", "tgs",
    "version", "line", "py", "cpp", "cc", "cu", "clock", "preprocess", "inference", "latency",
    "url", "http", "score", "rank", "node", "host", "v_num", "vms", "kb", "allocated", "reserved",
}  # fmt: skip
_STEP_LAST = {
    "step", "steps", "iter", "iters", "iteration", "iterations", "itr", "updates", "update",
    "batch", "minibatch", "it", "batches", "batch_idx", "trainstep", "ibatch", "i", "idx",
}  # fmt: skip
_NOT_A_STEP = {
    "per", "sec", "time", "elapsed", "warmup", "max", "total", "save", "eval", "every", "ms",
    "saved", "checkpoint", "seconds", "accumulation", "decay", "interval", "remaining", "accum",
    "size", "diffusion", "sampling", "nfe", "prefetch",
}  # fmt: skip
_SECONDARY = {
    "nll": 20, "xent": 20, "crossentropy": 20, "ce": 21, "cost": 22, "objective": 22, "bpc": 23,
    "bpb": 23, "ppl": 24, "perplexity": 24, "elbo": 25, "mse": 26, "rmse": 27, "mae": 27,
    "err": 28, "error": 28, "lik": 30, "likelihood": 30, "energy": 30, "l": 19,
}  # fmt: skip
_METRICS = {"acc", "accuracy", "grad", "lr", "psnr", "iou", "map", "auc", "f1", "norm", "reward"}
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
    if not words or any(word in _NOT_A_LOSS for word in words):
        return None
    base = LAST_RESORT if is_validation(name) else 0
    if not _names_a_loss(words):
        return _secondary_rank(words, base)
    rest = {_without_loss(word) for word in words} - _NEUTRAL - _TRAIN - VALIDATION - {""}
    if not rest:
        return base
    if rest <= _AVERAGE:
        return base + 2
    return base + (5 if rest & _AVERAGE == set() else 7)


def _names_a_loss(words: tuple[str, ...]) -> bool:
    return any(word.endswith(("loss", "losses")) or word.startswith("loss") for word in words)


def _names_a_metric(words: tuple[str, ...]) -> bool:
    return _names_a_loss(words) or any(word in _METRICS for word in words)


def _without_loss(word: str) -> str:
    return re.sub(r"^loss(es)?|loss(es)?$", "", word)


def _secondary_rank(words: tuple[str, ...], base: int) -> int | None:
    ranks = [_SECONDARY[word] for word in words if word in _SECONDARY]
    if not ranks or any(word in _NOISE for word in words):
        return None
    if words[-1] == "l" and len(words) > 1 and not set(words) & (_TRAIN | VALIDATION):
        return None
    extra = len(set(words) - _TRAIN - _NEUTRAL - VALIDATION - _SECONDARY.keys())
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
    if not words or counter_name(name) or (words[-1] != "epoch" and set(words) & _NOT_A_STEP):
        text = " ".join(words)
        return 0 if text in {"trainer global step", "train global step", "train step"} else None
    if _names_a_metric(words) and words[-2:-1] != ("at",):
        return None
    text = " ".join(words)
    if text.endswith(("global step", "num updates", "global steps")) or text == "step":
        return 0
    if words[-1] in {"batch", "minibatch", "it", "batches", "i", "idx", "t"}:
        return 3 if len(words) < 3 or words[-1] in {"batch", "minibatch"} else None
    if words[-1] in _STEP_LAST:
        return 1
    if text == "index":
        return 4
    if words[-1] in {"epoch", "epochs"}:
        return 5
    return None


def is_epoch(name: str) -> bool:
    """Whether the name is of an epoch counter."""
    return step_rank(name) == 5


@lru_cache(maxsize=4096)
def is_noise(name: str) -> bool:
    """Whether the name is of a time, speed, memory or the like: no signal for a diagnosis."""
    words = words_of(name)
    return not words or any(word in _NOISE or word.isdigit() for word in words)
