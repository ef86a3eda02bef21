"""Text inside GitHub-flavoured Markdown that stays text, whatever is in it."""

from __future__ import annotations

import re

from nandoctor.reports.text import clipped

_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~!]|(?<!\w)_|_(?!\w))")
LIMIT = 400
"""Characters of one text; a pull-request comment holds 65,536 in all."""


def plain(text: str) -> str:
    """Escape a text; no markup, HTML, table cell or mention survives."""
    escaped = (
        _SPECIAL.sub(r"\\\1", clipped(text, LIMIT)).replace("&", "&amp;").replace("\\<", "&lt;")
    )
    return escaped.replace("\\>", "&gt;").replace("@", "@<!-- -->")


def code(text: str) -> str:
    """Return a text as a code span that fits into a table cell."""
    if not text:
        return ""
    text = clipped(text, LIMIT)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table of finished cells."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def folded(summary: str, body: str) -> str:
    """Return a part that opens on a click."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
