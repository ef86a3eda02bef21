"""The lines that say in words that a loss, a gradient or a tensor is not finite."""

from __future__ import annotations

from nandoctor.logs.event_kind import EventKind, event_kind

NONFINITE_KINDS: tuple[EventKind, ...] = (
    event_kind(
        "nonfinite_grad", ("nan", "inf", "finite", "invalid"),
        r"found (?:NaN|Inf) in local grad norm", r"total norm .{0,60}is non-finite",
        r"(?:Non-finite|nan|inf|infinite|invalid)\b[^.]{0,40}\bgrad(?:ient)?s?(?: norm)?\b",
        r"\bgrad(?:ient)?s?(?: norm)?\b (?:is|are|was|were|became|becomes|contains?|has|have) "
        r"(?:a |an )?(?:inf|nan|non-?finite|infinite)",
        unless=r"\b(?:no|0|zero|without|if|whether|check\w*|should|clip\w*)\b[^.]{0,25}"
        r"\b(?:nan|inf|non-?finite)|infor|nan_to_num|nan_grad\w*\s*[=:]",
    ),
    event_kind(
        "nonfinite_loss", ("nan", "inf", "diverged", "invalid loss", "exploded", "finite"),
        r"found (?:NaN|Inf) in local forward loss", r"Model diverged with loss = NaN",
        r"NanLossDuringTraining", r"NaN loss during training",
        r"Invalid loss, terminating training",
        r"Loss is (?:nan|inf|infinite|not finite|non-finite)\b", r"loss exploded to",
        r"Loss became (?:infinite|nan)",
        r"(?:^|[^\w'\"])(?:nan|inf|infinite|non-finite) (?:training )?loss\b(?! filter)",
        r"\bloss (?:is|was|became|becomes|has become|went|goes|turned)"
        r" (?:to )?(?:a |an )?(?:nan|inf|non-?finite|infinite)",
        r"LossTensor is inf or nan", r"loss returned in `?training_step`? is (?:nan|inf)",
        r"caused an infinite \(or NaN\) loss", r"loss diverged to (?:nan|inf)",
        unless=r"\b(?:no|0|zero|without|if|when|whether|check\w*|avoid\w*|prevent\w*|fix\w*|"
        r"handl\w*|test\w*|number of|stop\w* on|terminate\w* on|detect)\b[^.]{0,30}"
        r"\b(?:nan|inf|infinite|non-?finite)\b|best|initial",
    ),
    event_kind(
        "nonfinite_tensor", ("nan", "inf", "invalid value"),
        r"Monitored metric \S+ = \S+ is not finite", r"Detected nan and/or inf values",
        r"returned nan values in its \d+th output",
        r"Tensor had (?:NaN|Inf)", r"NaN or Inf found in input tensor",
        r"(?:NaN|Inf) detected in (?:output|input|weights?|parameters?|activation)",
        r"Detected inf/nan during batch", r"invalid value \((?:nan|inf)\) encountered",
        r"probability tensor contains either `?inf`?", r"found invalid values:",
        r"Input (?:X )?contains (?:NaN|infinity)", r"encountered (?:nan|inf)s? in (?!test)",
        r"(?:weights?|parameters?|activations?|hidden states?|logits|outputs?) "
        r"(?:is|are|contains?|has|have|became) (?:all )?(?:nan|inf)s?\b",
        unless=r"\b(?:no|0|without|if|whether|check\w*|should)\b[^.]{0,20}\b(?:nan|inf)\b",
    ),
)  # fmt: skip
