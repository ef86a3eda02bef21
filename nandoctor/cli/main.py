"""The entry point: a line of paths is run at once, every other one is parsed."""

from __future__ import annotations

import sys

from nandoctor.cli.exits import exit_code
from nandoctor.cli.plain import is_plain, run_plain


def main() -> None:
    """Run the command line."""
    words = sys.argv[1:]
    if is_plain(words):
        raise SystemExit(exit_code(lambda: run_plain(words), words))
    from nandoctor.cli.app import app

    app(prog_name="nandoctor")
