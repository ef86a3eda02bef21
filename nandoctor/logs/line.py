"""One line of any log -> the numbers in it and what each is called; nothing is chosen here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nandoctor.logs import naming
from nandoctor.logs.groups import BAR, LEADING
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
_TRAILING = " \t:=~'\"([<>*`|"
_MOST_NUMBERS = 256
_DELIMITERS = ",;|\t{}[]"
_LEVELS = re.compile(
    r"^.*\s-\s|\b(?:info|warning|error|debug|root|tensorflow|absl)\b[:\s]*|^.*?\]\s", re.IGNORECASE
)
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
        literal, word = text[end:start], match.group(1)
        slash = _SLASH.match(text, match.end())
        end = slash.end() if slash else match.end()
        key = key_of(literal)
        total = None
        if slash:
            total = int(slash.group(1)[:18])
            key = key if naming.step_rank(key) is not None else BAR
        elif not key and word.isdigit() and (is_first or _is_boxed(text, start, end)):
            key = LEADING
        is_first = False
        if key:
            found.append(Named(key, _number(word), start, match.end(), total))
    return _behind(text, found) if " avg" in text else found


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


def _is_boxed(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start] == "[" and text[end : end + 1] == "]"


def _number(word: str) -> float:
    return float("nan") if word == "null" else float(word.replace(",", ""))


def key_of(literal: str) -> str:
    """Return the name that the text before a number gives it; empty where there is none."""
    text = literal.rstrip(_TRAILING)
    if text.endswith(("-", "@")):
        text = text[:-1].rstrip(_TRAILING)
    cut = max(map(text.rfind, _DELIMITERS)) + 1
    name = _LEVELS.sub("", text[cut:])
    if "  " in name:
        name = name.rsplit("  ", 1)[1]
    if name.lower().startswith("loss exploded to"):
        return "loss"  # Tacotron's last words overwrite the step's line
    if "=" in name:  # the value of the pair before
        name = name.rsplit("=", 1)[1].partition(" ")[2]
    words = name.strip(" \t:=-'\"()<>*#`.!").replace("'", "").split()
    return " ".join(words[-6:]) if any(c.isalpha() for c in name) else ""


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
