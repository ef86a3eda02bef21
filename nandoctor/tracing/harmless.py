"""What is non-finite and harms nothing, in words."""

from __future__ import annotations

from nandoctor.evidence import Origin, ReplayFacts
from nandoctor.target import ReplayTarget
from nandoctor.tracing.candidates import ancestors
from nandoctor.tracing.leaf_table import leaf_tensors
from nandoctor.tracing.relevance import Proof
from nandoctor.tracing.runs import Run
from nandoctor.tracing.stats import tensor_stats
from nandoctor.tracing.storages import Leaf


def harmless_words(target: ReplayTarget, leaf: Leaf, key: str) -> str:
    """Say in words that a leaf with bad elements was not felt."""
    stats = tensor_stats(leaf.name, "other", leaf_tensors(target)[key])
    counts = {"NaN": stats.num_nan, "+Inf": stats.num_posinf, "-Inf": stats.num_neginf}
    found = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{leaf.kind} {leaf.name}: {found}, reaching neither the loss nor a gradient"


def felt_not(facts: ReplayFacts, origins: list[Origin]) -> tuple[str, ...]:
    """Return the bad leaves that are no origin, in words."""
    used = {origin.tensor for origin in origins}
    return tuple(w for w in facts.harmless if w.split(":")[0].split(" ", 1)[-1] not in used)


def dead_ends(trace: Run, proofs: list[Proof]) -> tuple[str, ...]:
    """Return the ops with bad results that reach nothing, in words."""
    felt = {record.index for record in ancestors(trace)} | {p.record.index for p in proofs}
    words = [
        f"{record.name} in {(record.place.module if record.place else '') or '<root>'}: "
        "non-finite results that do not reach what fails"
        for record in trace.watch.ledger.records.values()
        if record.role == "candidate" and record.part == "forward" and record.index not in felt
    ]
    return tuple(dict.fromkeys(words))[:8]
