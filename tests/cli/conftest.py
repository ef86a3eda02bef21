"""What the tests of the command line share: a casebook of their own."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def own_casebook(tmp_path_factory, monkeypatch):
    """Keep the tests away from the casebook of whoever runs them."""
    path = tmp_path_factory.mktemp("casebook") / "casebook.db"
    monkeypatch.setenv("NANDOCTOR_CASEBOOK", str(path))
    return path
