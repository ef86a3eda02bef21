"""Which of a line's numbers are worth keeping; what they are called is found elsewhere."""

from __future__ import annotations

from nandoctor.logs import naming
from nandoctor.logs.groups import BAR, LEADING
from nandoctor.logs.line import Named
from nandoctor.logs.loss_name import loss_rank


def is_kept(named: Named) -> bool:
    """Whether the number may be of use: a step, a metric, no time and no speed."""
    return (
        named.key in (BAR, LEADING)
        or is_signal(named.key)
        or naming.step_rank(named.key) is not None
        or not naming.is_noise(named.key)
    )


def is_signal(key: str) -> bool:
    """Whether a line with this number is a row."""
    return (
        loss_rank(key) is not None
        or naming.grad_norm_rank(key) is not None
        or naming.lr_rank(key) is not None
        or naming.loss_scale_rank(key) is not None
        or naming.counter_name(key) is not None
    )


def is_header(kept: list[Named]) -> bool:
    """Whether the line names a step, its learning rate and little else: those below are of it."""
    keys = [named.key for named in kept]
    steps = [key for key in keys if naming.step_rank(key) is not None]
    rates = [key for key in keys if naming.lr_rank(key) is not None]
    others = [key for key in keys if key not in steps and key not in rates]
    return bool(steps and rates) and len(others) <= 1 and not any(map(is_signal, others))
