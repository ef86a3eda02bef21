"""One line of any log -> the numbers in it and what each is called; nothing is chosen here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nandoctor.logs import naming
from nandoctor.logs.groups import BAR, LEADING
from nandoctor.logs.label import glued_name, key_of, split_at_step
from nandoctor.logs.spelling import to_number

_TOKEN = re.compile(
    r"(?:\d{4}-\d\d-\d\d(?:[T ]|$)|\d\d/\d\d[ T]\d\d:\d\d:\d\d|\d{1,4}/\d{1,2}/\d{2,4}"
    r"|\d+:\d\d(?::\d\d)?(?:[.,]\d+)?|\d+\.\d+\.\d+[\w.]*|0x[0-9a-fA-F]+"
    r"|[\w.-]+\.(?:py|cpp|cc|cu)[: ]+(?:line )?:?\d+)"
    r"|(?<![\w.])([-+]?(?:\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+\.?\d*(?:[eE][-+]?\d+)?"
    r"|\.\d+(?:[eE][-+]?\d+)?|(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|null)"
    r"(?!\w|\s+(?:iterations\b|steps\b|or\b))))"
)
_DARKNET = re.compile(
    r"\s*(?:\([^)]*\)\s*)?(\d+):\s+(-?[\d.]+|-?nan|inf),\s+(-?[\d.]+|-?nan|inf) avg(?: loss)?\b"
)
_SLASH = re.compile(r"\s*/\s*(\d+)(?![\d.:])")
_MOST_NUMBERS = 256
_RANK = re.compile(r"(?:\[|\b)(?:rank|default)[ :=]{0,2}(\d+)\b", re.IGNORECASE)
_MPI = re.compile(r"\[\d+,(\d+)\]<std")
_BAR = re.compile(r"\[[=.>#\-\s]*[=.>#][=.>#\-\s]*\]|\u2501|\xe2\x94\x81")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")


@dataclass(frozen=True, slots=True)
class Named:
    """One number of a line.

    Args:
        start: Offset of its text in the line.
        of: The N of ``n/N``; None elsewhere.
    """

    key: str
    value: float
    start: int
    end: int
    of: int | None = None


def plain(text: str) -> str:
    """Return the line without terminal codes."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def numbers_of(text: str) -> list[Named]:
    """Return the numbers of a line that have a name (or are ``n/N``), in order."""
    found: list[Named] = []
    end = 0
    is_first = True
    for match in _TOKEN.finditer(text):
        start = match.start(1)
        if len(found) >= _MOST_NUMBERS:
            break
        if start < 0:
            end = match.end()
            continue
        if start < end:
            continue
        slash = _SLASH.match(text, match.end())
        before, end = end, slash.end() if slash else match.end()
        key = key_of(text[before:start], is_behind_number=not is_first)
        key = _behind_step(found, text[before:start]) or key
        if match.group(1).isdigit() and naming.loss_rank(key) is None:
            key = glued_name(text, end) or key
        if slash:
            key = key if naming.step_rank(key) is not None else BAR
        elif text.startswith("%", end) and (not key or naming.step_rank(key) is not None):
            key = ""  # a share of the way
        elif not key and match.group(1).isdigit():
            key = _leading(text, before, start, end, found, is_first)
        is_first = False
        if key:
            total = int(slash.group(1)[:18]) if slash else None
            found.append(Named(key, _number(match.group(1)), start, match.end(), total))
    return _behind(text, found) if " avg" in text else found


def _behind_step(found: list[Named], literal: str) -> str:
    """Rename ``Loss after epoch`` to epoch and return the loss's name for the number behind it."""
    is_next = found and literal.strip(" \t:=,").lower() in {"", "is", "was"}
    parts = split_at_step(found[-1].key) if is_next else None
    if parts is None:
        return ""
    found[-1] = replace(found[-1], key=parts[1])
    return parts[0]


def _leading(
    text: str, before: int, start: int, end: int, found: list[Named], is_first: bool
) -> str:
    if is_first or (text[start - 1 : start] == "[" and text[end : end + 1] == "]"):
        return LEADING
    if len(found) == 1 and found[0].key == LEADING and text[before:start].isspace():
        found[0] = replace(found[0], key="epoch")  # two counters, the coarse one first
        return LEADING
    return ""


def _behind(text: str, found: list[Named]) -> list[Named]:
    """Add what stands before its name, as darknet prints it (``12: 3.4, 3.5 avg loss``)."""
    match = _DARKNET.match(text)
    if match is None:
        return found
    names = ("step", "loss", "avg loss")
    numbers = [to_number(word) for word in match.groups()]
    return [
        Named(name, number, match.start(group), match.end(group))
        for group, (name, number) in enumerate(zip(names, numbers, strict=True), 1)
        if number is not None
    ]


def _number(word: str) -> float:
    return float("nan") if word == "null" else float(word.replace(",", ""))


def rank_of(text: str) -> int | None:
    """Return the rank that a line names as its printer."""
    head = text[:120]
    if not any(word in head for word in ("ank", "ANK", "[default", "<std")):
        return None
    match = _RANK.search(head) or _MPI.match(head)
    return int(match.group(1)) if match else None


def is_epoch_bar(text: str) -> bool:
    """Whether the line is a Keras-like bar, whose numbers are running means of the epoch."""
    return _BAR.search(text) is not None
