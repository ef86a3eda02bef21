"""The words that metrics' names are made of; what a whole name means stands elsewhere."""

import re
from functools import lru_cache

VALIDATION = {
    "val", "valid", "validation", "test", "testing", "eval", "evaluation", "dev", "vl", "cv",
}  # fmt: skip
TRAIN = {"train", "training", "trn", "tr", "trainer", "learn"}
PLAIN = {"loss", "losses", "train", "training", "trn", "tr", "total", "lm", "is", "the"}
"""Words of names that say no more than that this is the loss."""
NEUTRAL = {
    "loss", "losses", "lm", "total", "reduced", "step", "iter", "iteration", "batch", "current",
    "cur", "value", "per", "token", "main", "model", "is", "global", "overall", "minibatch", "mini",
    "ce", "cross", "entropy", "nll", "log", "the", "exploded", "to", "of", "all", "sum", "raw",
    "instantaneous", "gpt", "language",
}  # fmt: skip
AVERAGE = {
    "avg", "average", "mean", "running", "moving", "ave", "smooth", "smoothed", "ema", "avr",
    "epoch", "final", "interval",
}  # fmt: skip
NOT_A_LOSS = {
    "best", "min", "minimum", "max", "lowest", "initial", "target", "prev", "previous", "delta",
    "scale", "scaler", "scaling", "weight", "weights", "coef", "coeff", "diff", "threshold", "nan",
    "history", "improved", "lambda", "time", "norm", "var", "std", "ratio", "early", "patience",
    "packet", "lr", "inf", "free", "accuracy", "acc", "every", "freq", "type", "id",
    "num", "count", "scores", "signs", "factor", "aux_weight", "interval_ms", "ms", "sec",
    "gradient", "alpha",
}  # fmt: skip
NOISE = {
    "s", "time", "eta", "sec", "secs", "seconds", "ms", "speed", "throughput", "ips", "mem",
    "memory", "gpu", "mfu", "hfu", "tflops", "flops", "tflop", "elapsed", "consumed", "size",
    "seed", "port",
    "pid", "date", "wps", "ups", "wpb", "bsz", "wall", "samples", "runtime", "timestamp", "tok",
    "tokens", "tps", "img", "it", "fps", "duration", "took", "minutes", "hours", "days", "max_mem",
    "data_time", "batch_cost", "data_cost", "params", "parameters", "num", "gb", "mb", "tgs",
    "version", "line", "py", "cpp", "cc", "cu", "clock", "preprocess", "inference", "latency",
    "url", "http", "score", "rank", "node", "host", "v_num", "vms", "kb", "allocated", "reserved",
}  # fmt: skip
STEP_LAST = {
    "step", "steps", "iter", "iters", "iteration", "iterations", "itr", "updates", "update",
    "batch", "minibatch", "it", "batches", "batch_idx", "trainstep", "ibatch", "i", "idx",
}  # fmt: skip
NOT_A_STEP = {
    "per", "sec", "time", "elapsed", "warmup", "max", "total", "save", "eval", "every", "ms",
    "saved", "checkpoint", "seconds", "accumulation", "decay", "interval", "remaining", "accum",
    "size", "diffusion", "sampling", "nfe", "prefetch",
}  # fmt: skip
SECONDARY = {
    "nll": 20, "xent": 20, "crossentropy": 20, "ce": 21, "cost": 22, "objective": 22, "bpc": 23,
    "bpb": 23, "ppl": 24, "perplexity": 24, "elbo": 25, "mse": 26, "rmse": 27, "mae": 27,
    "l2": 27, "l1": 27, "err": 28, "error": 28, "lik": 30, "likelihood": 30, "energy": 30, "l": 19,
}  # fmt: skip
ADVERSARIAL = {"g", "d", "gen", "disc", "generator", "discriminator", "critic"}
"""Players of a GAN, whose names stand for their losses."""
SIDE = {"entropy", "kl", "aux", "regularization", "regularizer", "commit"}
"""Terms that are added to a loss rather than the loss."""
METRICS = {"acc", "accuracy", "grad", "lr", "psnr", "iou", "map", "auc", "f1", "norm", "reward"}


_FOREIGN = {
    "verlust": "loss", "trainingsverlust": "train loss", "validierungsverlust": "val loss",
    "validierung": "val", "schritt": "step", "epoche": "epoch", "lernrate": "lr",
    "genauigkeit": "acc", "perdida": "loss", "perda": "loss", "perte": "loss", "paso": "step",
    "passo": "step", "epoca": "epoch", "epoque": "epoch", "entrenamiento": "train",
    "treino": "train", "validacion": "val", "validacao": "val",
}  # fmt: skip
"""Words of other languages that are spelt in ASCII; the rest is translated before it is read."""


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """Return the lower-case words of a metric's name (``train/Loss_step`` → train, loss, step)."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name)
    found = re.split(r"[^a-z0-9]+", split.lower())
    return tuple(word for part in found for word in _FOREIGN.get(part, part).split())
