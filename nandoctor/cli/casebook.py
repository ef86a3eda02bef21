"""``nandoctor casebook``: past crashes and what cured them; they are kept in casebook/."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nandoctor.cli.cases import counted, told
from nandoctor.cli.progress import progress
from nandoctor.cli.terminal import say
from nandoctor.errors import NandoctorError

if TYPE_CHECKING:
    from nandoctor.casebook import Casebook

app = typer.Typer(add_completion=False, help="Keep past crashes and find the ones like this.")

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON lines.")]


@app.command()
def add(
    paths: Annotated[
        list[Path], typer.Argument(metavar="REPORT|RUN", help="JSON reports or run directories.")
    ],
    note: Annotated[str, typer.Option(help="What cured it, in your words.")] = "",
) -> None:
    """Add crashes: JSON reports, or runs that are diagnosed now."""
    from nandoctor.casebook import Casebook
    from nandoctor.pipeline import case_from

    book = Casebook()
    with progress() as tick:
        cases = [case_from(path, note=note, progress=tick) for path in paths]
    say(f"{book.add(cases)} new of {len(paths)} in {book.path}\n")


@app.command()
def search(
    cause: Annotated[str, typer.Option(help="Part of the cause.")] = "",
    module: Annotated[str, typer.Option(help="Part of the module's name.")] = "",
    op: Annotated[str, typer.Option(help="Part of the op's name.")] = "",
    architecture: Annotated[str, typer.Option(help="Part of the architecture.")] = "",
    like: Annotated[
        Path | None, typer.Option(metavar="REPORT|RUN", help="The most similar to this one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find past crashes by cause, module, op or architecture, or the ones like a run."""
    from nandoctor.casebook import Casebook
    from nandoctor.pipeline import case_from

    book = Casebook()
    found = book.search(cause=cause, module=module, op=op, architecture=architecture)
    alike: dict[str, float] = {}
    if like is not None:
        pairs = book.most_like(case_from(like), limit=len(found) or 1)
        alike = {case.key: likeness for likeness, case in pairs}
        wanted = {case.key for case in found}
        found = [case for _, case in pairs if case.key in wanted]
    if not found:
        _nothing(book)
    if as_json:
        say("".join(json.dumps(asdict(case)) + "\n" for case in found))
    else:
        say("".join(told(case, alike.get(case.key)) for case in found))


@app.command()
def stats(
    by: Annotated[str, typer.Option(help="A field of a case.")] = "architecture",
    as_json: AsJson = False,
) -> None:
    """Count causes by architecture, precision or another field."""
    from nandoctor.casebook import Case, Casebook

    fields = [name for name in Case.__dataclass_fields__ if name not in ("key", "note", "fixed_by")]
    if by not in fields:
        raise NandoctorError(f"no field {by!r} in a case", hint=f"one of {', '.join(fields)}")
    book = Casebook()
    rows = book.stats(by)
    if not rows:
        _nothing(book)
    if as_json:
        say("".join(json.dumps({by: v, "cause": c, "number": n}) + "\n" for v, c, n in rows))
    else:
        say(counted(by, rows))


@app.command()
def export() -> None:
    """Write all cases to standard output as JSON lines."""
    from nandoctor.casebook import Casebook

    say("".join(f"{line}\n" for line in Casebook().export()))


@app.command("import")
def import_cases(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines; - is standard input.")],
) -> None:
    """Add the cases of JSON lines that export wrote; all or none."""
    from nandoctor.casebook import Casebook

    text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    say(f"{Casebook().load(text.splitlines(), str(path))} new\n")


def _nothing(book: Casebook) -> None:
    """Say on stderr why nothing is listed: a search without a match looks like an empty book."""
    hint = "no case matches" if book.cases() else "it is empty; nandoctor casebook add RUN fills it"
    print(f"{book.path}: {hint}", file=sys.stderr)
