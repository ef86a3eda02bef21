"""Repairing the calls at the origin: on its line first, then in the whole function around it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from nandoctor.errors import NandoctorError
from nandoctor.evidence import Origin, ReplayFacts
from nandoctor.interventions.custom_function import custom_function, source_of_backward
from nandoctor.interventions.op_names import contained, ops_of
from nandoctor.interventions.outcome import IRRELEVANT, Inapplicable, forget_remarks
from nandoctor.interventions.site import Repair, Scope, repaired_calls
from nandoctor.step import run_step
from nandoctor.target import ReplayTarget


@dataclass(frozen=True)
class Cure:
    """Repairs of torch functions, tried at the origin.

    Args:
        repairs: By function name.
        contains: Ops that run inside a function, where they are others than its name says.
        narrow: Functions that are repaired only where they run the origin's op itself; the
            others are repaired as soon as one stands on the same line (no repair changes a call
            that is away from its singular points).
    """

    repairs: Mapping[str, Repair]
    contains: Mapping[str, Collection[str]] = field(default_factory=dict)
    narrow: frozenset[str] = frozenset()

    def applies(self, target: ReplayTarget, facts: ReplayFacts) -> str:
        """Return "" where one of the functions can run the origin's op, else why not."""
        if facts.phase not in ("forward", "backward") or facts.origin is None:
            return IRRELEVANT
        if not self._guilty(facts.origin):
            return IRRELEVANT
        return "" if facts.origin.source else "the origin has no source line"

    def _guilty(self, origin: Origin) -> set[str]:
        ops = ops_of(origin)
        return {name for name in self.repairs if ops & contained(name, self.contains)}

    def _chosen(self, origin: Origin) -> dict[str, Repair]:
        guilty = self._guilty(origin)
        wide = set() if guilty & self.narrow else set(self.repairs) - self.narrow
        return {name: self.repairs[name] for name in guilty | wide}

    @contextlib.contextmanager
    def apply(self, target: ReplayTarget, facts: ReplayFacts) -> Iterator[ReplayTarget]:
        """Yield the target with the line repaired; where that is not enough, the function.

        Raises:
            Inapplicable: No such call is made from the origin's line.
        """
        origin = facts.origin
        assert origin is not None and origin.source is not None
        missed = f"no call of {', '.join(sorted(ops_of(origin)))} at the origin"
        repairs = self._chosen(origin)
        scope = self._scope_of_backward(facts)
        if scope is None:
            scope = Scope(origin.source)
            if not self._is_enough(target, repairs, scope, missed):
                scope = Scope(origin.source, whole_function=True)
        with repaired_calls(repairs, scope, missed):
            yield target

    def _scope_of_backward(self, facts: ReplayFacts) -> Scope | None:
        """Return the hand-written gradient that the origin stands in: its source is the caller."""
        function = custom_function(facts.origin) if facts.phase == "backward" else None
        source = source_of_backward(function) if function is not None else None
        return Scope(source, whole_function=True) if source is not None else None

    def _is_enough(
        self, target: ReplayTarget, repairs: Mapping[str, Repair], scope: Scope, missed: str
    ) -> bool:
        try:
            with repaired_calls(repairs, scope, missed):
                finite = run_step(target).is_finite
        except Inapplicable:
            raise
        except (NandoctorError, RuntimeError, ValueError):
            finite = False
        forget_remarks()
        return finite
