"""One line of any log -> the numbers in it and what each is called; nothing is chosen here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nandoctor.logs import naming
from nandoctor.logs.groups import BAR, LEADING
from nandoctor.logs.label import key_of, name_before_word, split_at_step
from nandoctor.logs.loss_name import loss_rank
from nandoctor.logs.spelling import to_number

_TOKEN = re.compile(
    r"(?:\d{4}-\d\d-\d\d(?:[T ]|$)|\d\d/\d\d[ T]\d\d:\d\d:\d\d|\d{1,4}/\d{1,2}/\d{2,4}"
    r"|\d+:\d\d(?!\d*/\d)(?::\d\d)?(?:[.,]\d+)?|\d+\.\d+\.\d+[\w.]*|0x[0-9a-fA-F]+"
    r"|[\w.-]+\.(?:py|cpp|cc|cu)[: ]+(?:line )?:?\d+)"
    r"|(?<![\w.])([-+]?(?:\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+\.?\d*(?:[eE][-+]?\d+)?"
    r"|\.\d+(?:[eE][-+]?\d+)?|(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|null)"
    r"(?!\w|\s+(?:iterations\b|steps\b|or\b))))"
)
_DARKNET = re.compile(
    r"\s*(?:\([^)]*\)\s*)?(\d+):\s+(-?[\d.]+|-?nan|inf),\s+(-?[\d.]+|-?nan|inf) avg(?: loss)?\b"
)
_SLASH = re.compile(r"\s*/\s*(\d+)(?![\d.]|:(?!\d+/\d))")
_INDEX = re.compile(r"\s*[\])]\s*[:=]")
_IS = {"", "is", "was", "equals", "is equal to"}
_MOST_NUMBERS = 256
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
        key = key_of(text[before:start], not is_first)
        key = _behind_step(found, text[before:start]) or key
        is_whole = match.group(1).isdigit()
        if is_whole and loss_rank(key) is None:
            if text[end : end + 1].isalpha():
                key = name_before_word(text, end, key)
        elif is_whole and _INDEX.match(text, end) and text[start - 1 : start] in "[( ":
            key = f"{key} at step"  # loss[100]: 2.3
        if slash:
            key = key if naming.step_rank(key) is not None else _bar(found)
        elif text.startswith("%", end) and (not key or naming.step_rank(key) is not None):
            key = ""  # a share of the way
        elif not key:
            key = _unnamed(text, (before, start, end), found, is_first)
        is_first = False
        if key:
            total = int(slash.group(1)[:18]) if slash else None
            found.append(Named(key, _number(match.group(1)), start, match.end(), total))
    return _behind(text, found) if " avg" in text else found


def _behind_step(found: list[Named], literal: str) -> str:
    """Rename ``Loss after epoch`` to epoch and return the loss's name for the number behind it."""
    if not found or literal.strip(" \t:=,])").lower() not in _IS:
        return ""
    parts = split_at_step(found[-1].key)
    if parts is None:
        return ""
    found[-1] = replace(found[-1], key=parts[1])
    return parts[0]


def _bar(found: list[Named]) -> str:
    if len(found) == 1 and found[0].key == BAR:
        found[0] = replace(found[0], key="epoch")  # two counters, the coarse one first
    return BAR


def _unnamed(text: str, place: tuple[int, int, int], found: list[Named], is_first: bool) -> str:
    """Return what a number without a name is by where it stands; empty where it is nothing.

    Args:
        text: The line.
        place: Where the number before ends, where the number starts and ends.
        found: The numbers before.
        is_first: Whether there was none at all.
    """
    before, start, end = place
    if text[start:end].isdigit():
        if is_first or (text[start - 1 : start] == "[" and text[end : end + 1] == "]"):
            return LEADING
        if len(found) == 1 and found[0].key == LEADING and not text[before:start].strip(" ,\t"):
            found[0] = replace(found[0], key="epoch")
            return LEADING
    elif len(found) == 1 and naming.step_rank(found[0].key) is not None:
        is_next = not text[before:start].strip(" :=>\t-") and not text[end:].strip()
        return "value" if is_next else ""
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
