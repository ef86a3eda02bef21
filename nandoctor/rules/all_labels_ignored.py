"""Rule: a loss in which no label counts."""

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import Site, is_zero, site_of

CODE, CAUSE = "ND107", "all_labels_ignored"
CROSS_ENTROPIES = ("nll_loss", "cross_entropy")
TESTS = frozenset({"eq", "ne", "gt", "ge"})

DOC = """
## What it does
Reports a cross entropy, or a hand-written mean over labels, whose labels are all ignored (-100).

## Why it matters
The mean divides by the number of labels that count: 0/0 = NaN. It happens when the prompt fills the
whole truncated sequence, when a packed micro-batch holds padding only, or when a collator masks the
answer. The gradients are often finite (zero), so the optimizer goes on and only the log is NaN.

## Example
```python
labels[:] = -100
loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())   # nan
```

## Use instead
```python
count = labels.ne(-100).sum().clamp(min=1)
loss = F.cross_entropy(logits, labels, reduction="sum") / count
```
Better still, drop such samples in the collator and log how many there were.

## Look-alikes
One sample without labels among others that have some is fine under a mean over the batch, and no
fault. Class weights that are zero for every class present give the same 0/0. A mask over pixels or
tokens that are no labels is `empty_reduction`.

## References
huggingface/trl#1053, #6668; pytorch/pytorch#116349.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire at a cross entropy that gave NaN, or at a division by a count of labels."""
    site = site_of(evidence)
    if site is None:
        return ()
    ignored = (
        [item for item in evidence.replay.batch if _all_ignored(item)] if evidence.replay else []
    )
    lines = tuple(f"{item.name}: all {item.numel} labels are {item.min:.0f}" for item in ignored)
    if any(name in site.op for name in CROSS_ENTROPIES) and not _has_bad_logits(site):
        message = f"{site.op} has no label that counts"
        return found_at(site, (CODE, CAUSE), message, score=0.93, extra=lines)
    if site.op == "div" and _divides_by_count(site, evidence, bool(ignored)):
        return found_at(
            site, (CODE, CAUSE), "the number of valid labels is 0", score=0.85, extra=lines
        )
    return ()


def _all_ignored(item: TensorStats) -> bool:
    """Whether a batch entry is integer, constant and negative: no class, no token."""
    is_integer = item.dtype.rsplit(".", 1)[-1].startswith("int")
    return is_integer and item.numel > 0 and item.max is not None and item.min == item.max < 0


def _has_bad_logits(site: Site) -> bool:
    return site.has(lambda value: value != value or abs(value) == float("inf"))


def _divides_by_count(site: Site, evidence: Evidence, ignored: bool) -> bool:
    """Whether the zero denominator counts labels."""
    if len(site.operands) > 1 and not any(map(is_zero, site.values(1))):
        return False
    if evidence.is_fixed_by("relabel") or ignored:
        return True
    made = set(site.operands[1].made_by) if len(site.operands) > 1 else set()
    names_labels = site.mentions(r"label|target|ignore|num_items|valid")
    return names_labels and (not made or bool(made & TESTS))


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("relabel",))
