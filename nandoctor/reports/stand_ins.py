"""Stand-ins for private names, paths and words of a text; knows no report."""

from __future__ import annotations

import re

from nandoctor.reports.public_words import PUBLIC, own_words

_PATH = re.compile(
    r"(?<![\w<])(?:~|[A-Za-z]:)?(?:[\\/][\w.@+-]+)+[\\/]?|[\w.+-]+@[\w.-]+|\w+://\S+"
)
_WORD = re.compile(r"(?<![\w.])[^\W\d][\w./\\-]*")
_NUMBER = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?=\w*[a-zA-Z])\d\w{15,}\b")
"""An address, or a key that begins with a digit."""
_STAND_IN = re.compile(r"(?:name|file)\d+$|private$")
_RAISED = re.compile(r"\b(\w+(?:Error|Exception)): .*")


class StandIns:
    """Stand-ins for private names: the same name always gets the same one."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.parts: dict[str, str] = {}
        self.lines: set[str] = set()
        self.own: set[str] = set()

    def add_path(self, path: str) -> None:
        """Give a path, and its last part alone, a number; the suffix stays."""
        if not path or path in self.names:
            return
        suffix = re.search(r"\.\w{1,12}$", path)
        self.names[path] = f"file{len(self.names) + 1}{suffix[0] if suffix else ''}"
        self.names.setdefault(_last_part(path), self.names[path])

    def add_name(self, name: str) -> None:
        """Replace the parts of a dotted name that are not common to many models."""
        if name and name not in self.names:
            self.names[name] = ".".join(self._part(part) for part in name.split("."))

    def add_own(self, text: str | None) -> None:
        """Note a text of a field that only nandoctor or torch fills: an id, a dtype, an op."""
        if text:
            self.own.add(text)

    def add_line(self, line: str) -> None:
        """Note a line of code or of a log, as findings quote it: whole, or its beginning."""
        bare = line.strip()
        self.lines |= {part for part in (line, bare, bare[:120], line[:300]) if len(part) > 3}

    def _part(self, part: str) -> str:
        if part in PUBLIC or part.isdigit() or not part:
            return part
        return self.parts.setdefault(part, f"name{len(self.parts) + 1}")

    def applied(self, text: str) -> str:
        """Return a text in which only words of nandoctor's own and stand-ins are left."""
        if text in self.own:
            return text
        if text in self.names:
            return self.names[text]
        for line in self.lines:
            text = text.replace(line, "<private>")
        text = _WORD.sub(lambda word: self._known(word[0]), _RAISED.sub(r"\1", text))
        text = _NUMBER.sub("<private>", _PATH.sub("<private>", text))
        return _WORD.sub(lambda word: self._word(word[0]), text)

    def _known(self, word: str) -> str:
        """Replace a word that the report is known to name."""
        bare = word.rstrip(".")
        known = self.names.get(bare) or self.names.get(_last_part(bare))
        if known is None and ("." in bare or "_" in bare):
            known = ".".join(self.parts.get(part, part) for part in bare.split("."))
        return (bare if known is None else known) + word[len(bare) :]

    def _word(self, word: str) -> str:
        """Replace the parts of a word of prose that nandoctor does not write by itself."""
        bare = word.rstrip(".-/\\")
        return ".".join(map(self._prose, bare.split("."))) + word[len(bare) :]

    def _prose(self, part: str) -> str:
        words = re.findall(r"[^\W_]+", part)
        if part in self.own or all(self._is_own(word) for word in words):
            return part
        return self._part(part)

    def _is_own(self, word: str) -> bool:
        return word.isdigit() or word.lower() in own_words() or bool(_STAND_IN.match(word))


def _last_part(path: str) -> str:
    return re.split(r"[\\/]", path)[-1]
