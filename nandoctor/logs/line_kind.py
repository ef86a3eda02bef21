"""What a line of a text log tells of (training, validation or a summary of either), which rank
printed it and whether it is a bar."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from nandoctor.logs import naming
from nandoctor.logs.groups import BAR, LEADING
from nandoctor.logs.line import Named
from nandoctor.logs.loss_name import loss_rank

_VALIDATION = re.compile(
    r"^.{0,120}?(?:^|[\]:>|(] ?|\s-\s|\s{2}|\t)\W*(?:val|valid|validation|test|eval|evaluation|dev)"
    r"(?:ing)?\b\s*(?:(?:(?:epoch|done|finished|completed?|results?)\b\s*)?[-:\]|(>=\[]|on\b)"
    r"|^.{0,120}?saving dict for global step",
    re.IGNORECASE,
)
_BEGINS_VALIDATION = re.compile(
    r"^(?:\[?[\d:/., TZ-]+\]?)?(?:\W*(?:info|root|main)\b)*"
    r"\W*(?:(?:start|begin|run|do|perform)\w*\W+)?(?:epoch\W*\d+(?:\s*/\s*\d+)?\W+)?"
    r"(?:validat(?:ion|ing)|evaluat(?:ion|ing)|eval|testing|(?:val|valid|dev|test)(?=\W+[mrs]))"
    r"(?:\W+(?:begins?|starts?|started|at|on|for|of|the|set|epoch|step|iter|iteration|\d+"
    r"|metrics|results|stats))*\W*$",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"^.{0,120}?\b(?:averaged? stats|(?:epoch|training)(?:: ?\d+ (?:done|finished|completed?|ended)"
    r"|\b[^=:]{0,24}\b(?:results|finished|completed?|done|ended|summary|average)))\b",
    re.IGNORECASE,
)

_RANK = re.compile(r"(?:\[|\b)(?:rank|default)[ :=]{0,2}(\d+)\b", re.IGNORECASE)
_MPI = re.compile(r"\[\d+,(\d+)\]<std")
_BAR = re.compile(r"\[[=.>#\-\s]*[=.>#][=.>#\-\s]*(?:\d+/\d+ [=.>#\-\s]+)?\]|\u2501|\xe2\x94\x81")


def begins_validation(text: str) -> bool:
    """Whether the lines that follow tell of a validation, however they look."""
    return len(text) < 160 and _BEGINS_VALIDATION.match(text) is not None


def is_validation_line(text: str, kept: list[Named]) -> bool:
    """Whether the line itself says, before its first loss, that its metrics are of a validation."""
    losses = [named.start for named in kept if loss_rank(named.key) is not None]
    match = _VALIDATION.match(text)
    if match is not None and match.end() <= min(losses, default=len(text)):
        return True
    return any(
        naming.is_validation(named.key) and naming.step_rank(named.key) is not None
        for named in kept
    )


def is_summary_line(text: str) -> bool:
    """Whether the line says that its metrics are means over what was printed above."""
    return _SUMMARY.match(text) is not None


def marked(kept: list[Named], prefix: str) -> list[Named]:
    """Put ``val`` or ``avg`` before the metrics' names, where they do not say it."""
    return [replace(named, key=marked_key(named.key, prefix)) for named in kept]


def marked_key(key: str, prefix: str) -> str:
    """Put ``prefix`` before a metric's name, where it does not say it."""
    is_step = key.rstrip("'") in (BAR, LEADING) or naming.step_rank(key) is not None
    return key if is_step or naming.is_validation(key) else f"{prefix} {key}"


def is_of_training(keys: Iterable[str]) -> bool:
    """Whether one of the numbers is such as only training has."""
    return any(naming.lr_rank(k) is not None or naming.grad_norm_rank(k) is not None for k in keys)


def rank_of(text: str) -> int | None:
    """Return the rank that a line names as its printer."""
    head = text[:120]
    if not any(word in head for word in ("ank", "ANK", "[default", "<std")):
        return None
    match = _RANK.search(head) or _MPI.match(head)
    return int(match.group(1)) if match else None


def bar_of(text: str, kept: list[Named]) -> tuple[int, int]:
    """Return how far a Keras-like bar is (0 none, 1 it runs, 2 its end) and how long it is.

    Its numbers are running means of the epoch.
    """
    for named in kept:
        if named.key == BAR and named.of is not None and _BAR.search(text):
            return 2 if named.value >= named.of else 1, named.of
    return 0, 0


def drawn_last(text: str, kept: list[Named]) -> list[Named]:
    """Drop the remains of an overdrawn bar: of two of a name, the earlier or the unfinished."""
    if len({named.key for named in kept}) == len(kept):
        return kept
    eta = text.find("ETA")
    ordered = [named for named in kept if named.start > eta >= 0]
    ordered += [named for named in kept if not named.start > eta >= 0]
    return sorted({named.key: named for named in ordered}.values(), key=lambda n: n.start)


def with_bare_epoch(text: str, kept: list[Named]) -> list[Named]:
    """Call an ``n/N`` that stands alone on its line an epoch, as it announces one."""
    if len(kept) == 1 and kept[0].key == BAR and not any(map(str.isalpha, text)):
        return [replace(kept[0], key="epoch")]
    return kept
