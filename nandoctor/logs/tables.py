"""Printed tables (YOLO, fastai, notebooks): a line of column names, then rows of numbers only."""

from __future__ import annotations

import re

from nandoctor.logs.line import Named
from nandoctor.logs.loss_name import LAST_RESORT, loss_rank
from nandoctor.logs.spelling import to_number
from nandoctor.logs.vocabulary import TRAIN, VALIDATION

_CELL = re.compile(
    r"^([-+]?(?:\d[\d.]*(?:e[-+]?\d+)?|nan|inf(?:inity)?))(?:/(\d+))?[a-z%:]{0,3}$", re.IGNORECASE
)
_WORDS = re.compile(r"^[\w\s/.()%#-]+$")
_GAP = re.compile(r"\s{2,}|\t")
_MOST = 40
_BOX = re.compile(r"^\s*\[[^\]]*\](?=\s)")
"""What stands before each row and its header, as a progress in per cent."""
_LIST = re.compile(r"\[\s*([^\],\s]*)[^\]]*\]")
"""A cell of several numbers, of which the first counts."""
_PARTS = {"box", "obj", "cls", "giou", "dfl"}


class PrintedTable:
    """Remembers the last header and names the numbers below it."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a header was met, whose rows may follow."""
        return bool(self._names)

    def take_header(self, text: str) -> bool:
        """Whether the line is a header; if so, remember it."""
        if not 8 < len(text) < 400 or ":" in text or "=" in text:
            return False
        names = tuple(_with_loss(_joined(_split(_BOX.sub("", text)))))
        if not 2 <= len(names) <= _MOST or any(
            len(name) > 30 or not _WORDS.match(name) or to_number(name) is not None
            or len(name.split()) > 3 for name in names
        ):  # fmt: skip
            return False
        if not any(_is_loss(name) for name in names):
            return False
        self._names = names
        return True

    def row(self, text: str) -> list[Named]:
        """Return the numbers of a row, named by the header; empty where it is none."""
        if not self._names:
            return []
        text = _LIST.sub(lambda match: match[1] or "-", _BOX.sub("", text))
        cells = _split(text) if "|" in text and "%|" not in text else text.split()
        width = len(self._names)
        if len(cells) < width or (len(cells) > width and "|" in text and "%|" not in text):
            return []
        found: list[Named] = []
        for name, cell in zip(self._names, cells, strict=False):
            match = _CELL.match(cell)
            number = to_number(match.group(1)) if match else None
            if number is None and cell is cells[0]:
                return []
            if number is not None and match is not None:
                total = match.group(2)
                found.append(Named(name, number, 0, 0, int(total) if total else None))
        return found if len(found) >= 0.6 * width else []


def _split(text: str) -> list[str]:
    text = text.strip()
    if "|" in text:
        return [cell.strip() for cell in text.strip("|").split("|")]
    cells = [cell for cell in _GAP.split(text) if cell]
    return cells if len(cells) > 1 else text.split()


def _joined(names: list[str]) -> list[str]:
    """Put ``train loss`` together where single spaces part the columns."""
    whole: list[str] = []
    for name in names:
        if whole and name.lower() == "loss" and whole[-1].lower() in TRAIN | VALIDATION:
            whole[-1] += f" {name}"
        else:
            whole.append(name)
    return whole


def _with_loss(names: list[str]) -> list[str]:
    """Call YOLO's columns losses: ``box obj cls total``."""
    if len({name.lower() for name in names} & _PARTS) < 2:
        return names
    return [f"{name} loss" if name.lower() in _PARTS | {"total"} else name for name in names]


def _is_loss(name: str) -> bool:
    rank = loss_rank(name)
    return rank is not None and rank < LAST_RESORT
