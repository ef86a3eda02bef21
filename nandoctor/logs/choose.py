"""Which of a log's numbers are the step, the loss, the grad norm, the lr and the loss scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from nandoctor.errors import NandoctorError
from nandoctor.logs import naming
from nandoctor.logs.groups import BAR, LEADING, Group
from nandoctor.logs.loss_name import LAST_RESORT, is_strong, loss_rank
from nandoctor.logs.vocabulary import words_of


@dataclass(frozen=True, slots=True)
class Overrides:
    """The names that the user gives for what we would guess."""

    loss: str | None = None
    grad_norm: str | None = None
    step: str | None = None


def named(groups: Iterable[Group], wanted: str, option: str) -> str:
    """Return the key that the user means by ``wanted``; raises NandoctorError where none does."""
    keys = list(dict.fromkeys(key for group in groups for key in group.keys))
    for same in (
        lambda key: key == wanted,
        lambda key: key.lower() == wanted.lower(),
        lambda key: words_of(key) == words_of(wanted),
        lambda key: wanted.lower() in key.lower(),
    ):
        matches = [key for key in keys if same(key)]
        if matches:
            return matches[0]
    shown = ", ".join(keys[:12]) or "no named number"
    raise NandoctorError(f"{option} {wanted}: the log has no such metric", hint=f"it has {shown}")


def choose_loss(groups: list[Group]) -> str | None:
    """Return the key of the training loss: the surest name among those with enough rows."""
    counts: dict[str, int] = {}
    ranks: dict[str, int] = {}
    with_step: set[str] = set()
    for group in groups:
        has_step = any(
            key in (BAR, LEADING) or naming.step_rank(key) is not None for key in group.keys
        )
        for key in group.keys:
            rank = loss_rank(key)
            if rank is None or (not is_strong(key) and _is_whole(group, key)):
                continue
            counts[key] = counts.get(key, 0) + group.logged_count(key)
            ranks[key] = rank
            with_step |= {key} if has_step else set()
    if not counts:
        return None
    most = max(counts.values())
    enough = [
        key
        for key in counts
        if counts[key] > 0 and (counts[key] * 20 >= most or (key in with_step and counts[key] > 4))
    ]
    return min(enough or counts, key=lambda key: _order(key, ranks[key], counts[key], with_step))


def _order(key: str, rank: int, count: int, with_step: set[str]) -> tuple[int, bool, int, int, int]:
    """Put the surest name first; of ``loss`` and ``batch loss`` the one with far more rows."""
    base, rest = divmod(rank, LAST_RESORT)
    tier = base * LAST_RESORT + (rest if rest > 1 else 0)
    return tier, key not in with_step, -count.bit_length(), rank, -count


def _is_whole(group: Group, key: str) -> bool:
    """Whether the values are whole numbers only: a count rather than a loss."""
    values = group.table()[1][:, group.keys.index(key)]
    values = values[np.isfinite(values)]
    return len(values) > 0 and bool((values == np.floor(values)).all())


def choose(keys: Iterable[str], rank: Callable[[str], int | None]) -> str | None:
    """Return the key of the lowest rank, the first of equals."""
    ranked = [(value, key) for key in keys if (value := rank(key)) is not None]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None
