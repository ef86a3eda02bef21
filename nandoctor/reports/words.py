"""The texts of the reports in the reader's language; English is its own key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh")
Words = Callable[..., str]
_HOLE = re.compile(r"\{(\w+)\}")


@cache
def catalogue(lang: str) -> Mapping[str, Mapping[str, str]]:
    """Return a language's fixed texts and its sentences, each by its English original."""
    if lang == "en":
        return {"fixed": {}, "sentences": {}}
    text = files("nandoctor.reports").joinpath(f"{lang}.json").read_text(encoding="utf-8")
    entries: dict[str, dict[str, str]] = json.loads(text)
    return entries


def words(lang: str) -> Words:
    """Return the function that says a fixed English text, with its values filled in."""
    entries = catalogue(lang)["fixed"]

    def say(text: str, /, **values: object) -> str:
        return entries.get(text, text).format(**values) if values else entries.get(text, text)

    return say


def sentences(lang: str) -> Callable[[str], str]:
    """Return the function that translates a finished sentence of a rule, else leaves it alone.

    Rules and log readers write English with their numbers already in it; the catalogue holds
    their sentences with holes (``loss {a} before step {b}``), which are matched here; of two that
    fit, the one with more words of its own is meant.
    """
    own, fixed = catalogue(lang)["sentences"], catalogue(lang)["fixed"]
    told = sorted(own.items(), key=lambda pair: -_num_literal(pair[0]))
    known = [(_pattern(english), other) for english, other in told]

    @cache
    def within(text: str) -> str:
        """Translate what stands in a hole: a sentence, or the id of a cause."""
        title = fixed.get(text.replace("_", " ")) if "_" in text else None
        return translate(text) if title is None else title

    @cache
    def translate(text: str) -> str:
        if " " not in text or (text in fixed and text not in own):
            return text  # a fixed text is said by the renderer
        for pattern, other in known:
            found = pattern.fullmatch(text)
            if found:
                holes = found.groupdict()
                return other.format(**{name: within(inside) for name, inside in holes.items()})
        return text

    return translate


def _num_literal(english: str) -> int:
    return len(_HOLE.sub("", english))


def _pattern(english: str) -> re.Pattern[str]:
    parts = _HOLE.split(english)
    literal, holes = parts[::2], parts[1::2]
    body = re.escape(literal[0])
    for name, text in zip(holes, literal[1:], strict=True):
        body += f"(?P<{name}>.+?){re.escape(text)}"
    return re.compile(body)


def cause_title(cause: str, say: Words) -> str:
    """Return a cause id as words."""
    return say(cause.replace("_", " "))
