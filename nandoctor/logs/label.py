"""The name that the text around a number gives it; what the name means stands elsewhere."""

from __future__ import annotations

import re
from functools import lru_cache

from nandoctor.logs import naming
from nandoctor.logs.loss_name import loss_rank

TRAILING = " \t:=~'\"([<>*`|"
_DELIMITERS = ",;|\t{}[]"
_LEVELS = re.compile(
    r"^.*\s-\s|\b(?:info|warning|error|debug|root|tensorflow|absl)\b[:\s]*|^.*?\]\s", re.IGNORECASE
)
_UNIT = re.compile(
    r"[A-Za-z%]{1,8}(?:/[A-Za-z]+)?(?=[\s,;|)\]])"
    r"|\s?(?![A-Za-z]*loss)[A-Za-z]+/(?:s|sec|second|step|it|iter|batch|epoch|gpu)s?(?=\s)"
)
_BOXED = re.compile(r"\[([A-Za-z][\w /-]*)\]$")
_WRAPPER = re.compile(r"(?:tensor|array|np\.float\d+)\(\[?\s*$")
_TIME = re.compile(r"(?:[mun]?s|sec|min|h)(?![A-Za-z])|it \[")
_GLUED = re.compile(r"(?:epoch|iter|step|batch)\b(?!/)", re.IGNORECASE)
_AT_STEP = re.compile(r"^(.*?)\s+(?:after|at|for|in|of|on)\s+(?:\w+ )?(\w+)$", re.IGNORECASE)


_LONGEST_KEPT = 80
"""Texts up to this length are looked up: most lines of a log say the same."""


def key_of(literal: str, is_behind_number: bool = False) -> str:
    """Return the name that the text before a number gives it; empty where there is none.

    Args:
        literal: All text since the number before.
        is_behind_number: Whether it follows a number, whose unit it then begins with.
    """
    find = _known_key if len(literal) <= _LONGEST_KEPT else _key
    return find(literal, is_behind_number)


def _key(literal: str, is_behind_number: bool) -> str:
    unit = _UNIT.match(literal) if is_behind_number else None
    text = _WRAPPER.sub("", literal[unit.end() if unit else 0 :]).rstrip(TRAILING)
    if text.endswith(("-", "@")):
        text = text[:-1].rstrip(TRAILING)
    boxed = _BOXED.search(text)
    if boxed and _is_known(boxed.group(1)):
        return boxed.group(1)
    cut = max(map(text.rfind, _DELIMITERS)) + 1
    name = _LEVELS.sub("", text[cut:])
    if not name.strip() and text.lower().endswith("error"):
        return "error"  # a metric, no level
    if "  " in name:
        name = name.rsplit("  ", 1)[1]
    if name.lower().startswith("loss exploded to"):
        return "loss"  # Tacotron's last words overwrite the step's line
    if "=" in name:  # the value of the pair before
        name = name.rsplit("=", 1)[1].partition(" ")[2]
    words = name.strip(" \t:=-'\"()<>*#`.!").replace("'s ", " ").replace("'", "").split()
    return " ".join(words[-6:]) if any(c.isalpha() for c in name) else ""


_known_key = lru_cache(maxsize=4096)(_key)


def _is_known(name: str) -> bool:
    return loss_rank(name) is not None or naming.step_rank(name) is not None


def name_before_word(text: str, end: int, key: str) -> str:
    """Return the name of a whole number that a word follows: a step's that is glued to its end
    (``10epoch``), nothing where the word is a unit of time."""
    if _TIME.match(text, end) and naming.step_rank(key) is not None:
        return ""  # Step: 9ms, Batch: 97it [
    match = _GLUED.match(text, end)
    return match.group(0) if match else key


@lru_cache(maxsize=4096)
def split_at_step(key: str) -> tuple[str, str] | None:
    """Split ``Cost after iteration`` into the metric that follows and the step that was named."""
    match = _AT_STEP.match(key)
    if match is None or loss_rank(match[1]) is None or naming.step_rank(match[2]) is None:
        return None
    return match[1], match[2]
