"""The shape of a check: evidence to yes, no or unknown with the fact behind it; no checks here."""

from __future__ import annotations

from collections.abc import Callable

from nandoctor.evidence import Evidence

Verdict = tuple[bool | None, str]
Check = Callable[[Evidence], Verdict]


def negated(check: Check) -> Check:
    """Return the check with yes and no swapped."""

    def swapped(evidence: Evidence) -> Verdict:
        verdict, fact = check(evidence)
        return None if verdict is None else not verdict, fact

    return swapped
