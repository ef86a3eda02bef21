"""What all tests share: golden files; builders of evidence stand in builders.py."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # so that tests of every room can say ``import builders``


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the golden files."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/")


@pytest.fixture(autouse=True)
def no_casebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the casebook of whoever runs the tests out of the reports."""
    monkeypatch.setenv("NANDOCTOR_CASEBOOK", str(tmp_path / "no casebook.db"))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return the comparison of a text with ``tests/golden/<name>``."""

    def compare(name: str, text: str) -> None:
        path = HERE / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"no golden file {name}: run pytest --update-golden and look at it"
        assert text == path.read_text(encoding="utf-8")

    return compare
