"""The tracer on real library models of tiny configurations; skipped without transformers."""

from __future__ import annotations

import pytest

pytest.importorskip("transformers")

from nandoctor.tracing import observe
from tests.tracing import micro_library
from tests.tracing.micro import CASES
from tests.tracing.test_micro_cases import check

NAMES = [name for name, c in CASES.items() if c.build.__module__ == micro_library.__name__]
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]


@pytest.mark.parametrize("name", NAMES)
def test_library_model_is_observed_rightly(name):
    """The origin is the case's; a healthy model raises no alarm."""
    facts = observe(CASES[name].build())
    if CASES[name].phase is None:
        assert not facts.is_reproduced
    else:
        check(CASES[name], facts.origin)
