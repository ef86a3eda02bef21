"""``nandoctor casebook``: past crashes and what cured them; they are kept in casebook/."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nandoctor.cli.terminal import say
from nandoctor.errors import NandoctorError

if TYPE_CHECKING:
    from nandoctor.casebook import Case

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
    num_new = book.add([case_from(path, note=note) for path in paths])
    say(f"{num_new} new of {len(paths)} in {book.path}\n")


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

    found = Casebook().search(cause=cause, module=module, op=op, architecture=architecture)
    if like is not None:
        wanted = {case.key for case in found}
        pairs = Casebook().most_like(case_from(like), limit=len(found) or 1)
        found = [case for _, case in pairs if case.key in wanted]
    write = (lambda case: json.dumps(asdict(case)) + "\n") if as_json else _line
    say("".join(write(case) for case in found))


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
    rows = Casebook().stats(by)
    if as_json:
        say("".join(json.dumps({by: v, "cause": c, "number": n}) + "\n" for v, c, n in rows))
    else:
        say("".join(f"{number:>6}  {value:<32}  {cause}\n" for value, cause, number in rows))


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


def _line(case: Case) -> str:
    from nandoctor.reports.text import visible

    cured = ", ".join(case.fixed_by) or "-"
    parts = (
        case.cause,
        case.grade,
        f"{case.module}: {case.op}",
        case.architecture,
        cured,
        case.note,
    )
    return visible("  ".join(part or "-" for part in parts)) + "\n"
