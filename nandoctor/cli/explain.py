"""``nandoctor explain``: the page of a rule; the text is the rule's own."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import Annotated

import typer

from nandoctor.cli.terminal import say, terminal_view
from nandoctor.errors import NandoctorError
from nandoctor.findings import Rule


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="CODE|CAUSE", help="ND101 or log_of_zero; none: list.")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="rich, markdown or json.")
    ] = "rich",
) -> None:
    """Show the page of a rule code or cause."""
    from nandoctor.rules import RULES

    if format_ not in _SHAPES:
        raise typer.BadParameter(f"{format_!r} is not one of {', '.join(_SHAPES)}")
    found = [rule for rule in RULES if name in (None, rule.code, rule.cause)]
    if name is not None:
        found = [rule for rule in RULES if name.lower() in (rule.code.lower(), rule.cause)]
    if not found:
        known = [text for rule in RULES for text in (rule.cause, rule.code)]
        near = get_close_matches((name or "").lower(), known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "nandoctor explain lists them all"
        raise NandoctorError(f"{name!r} is neither a code nor a cause", hint=hint)
    say(_listing(found) if name is None and format_ != "json" else _SHAPES[format_](found))


def _listing(rules: list[Rule]) -> str:
    return "".join(f"{rule.code}  {rule.cause}\n" for rule in rules)


def _page(rules: list[Rule]) -> str:
    """Return the pages as their Markdown source under the code and cause."""
    return "\n".join(f"# {r.cause} ({r.code})\n\n{r.doc.strip()}\n" for r in rules)


def _terminal(rules: list[Rule]) -> str:
    import io

    from rich.console import Console
    from rich.markdown import Markdown

    view = terminal_view()
    if not view.has_color:
        return _page(rules)
    console = Console(file=io.StringIO(), width=min(view.width, 88), force_terminal=True)
    with console.capture() as capture:
        console.print(Markdown(_page(rules)))
    return capture.get()


def _json(rules: list[Rule]) -> str:
    pages = [
        {"code": r.code, "cause": r.cause, "confirmed_by": list(r.confirmed_by), "doc": r.doc}
        for r in rules
    ]
    return json.dumps(pages, indent=2) + "\n"


_SHAPES = {"rich": _terminal, "markdown": _page, "json": _json}
