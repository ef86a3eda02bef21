"""The step without autocast; the model keeps the type that it is stored in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from nandoctor.evidence import ReplayFacts
from nandoctor.interventions.autocast import autocast_dtype
from nandoctor.interventions.dtypes import low_dtypes
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable
from nandoctor.step import device_of
from nandoctor.target import Intervention, ReplayTarget


def _applies(target: ReplayTarget, facts: ReplayFacts) -> str:
    return "" if low_dtypes(target, facts) else IRRELEVANT


@contextlib.contextmanager
def _apply(target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
    precision = replace(target.precision, autocast_dtype=None)
    with autocast_dtype(device_of(target.model).type, None) as regions:
        yield replace(target, precision=precision)
    if not regions and target.precision.autocast_dtype is None:
        raise Inapplicable("the step enters no autocast region")


INTERVENTION = Intervention("no_autocast", "no autocast", _applies, _apply, cost=1.3)
