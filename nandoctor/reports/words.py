"""The fixed texts of the reports in the reader's language; English is its own key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh")
Words = Callable[..., str]


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Return English text -> text of a language; empty for English."""
    if lang == "en":
        return {}
    text = files("nandoctor.reports").joinpath(f"{lang}.json").read_text(encoding="utf-8")
    entries: dict[str, str] = json.loads(text)
    return entries


def words(lang: str) -> Words:
    """Return the function that says an English text, with its values filled in."""
    entries = catalogue(lang)

    def say(text: str, /, **values: object) -> str:
        return entries.get(text, text).format(**values) if values else entries.get(text, text)

    return say


def cause_title(cause: str, say: Words) -> str:
    """Return a cause id as words."""
    return say(cause.replace("_", " "))
