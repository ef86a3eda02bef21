"""Rule: a branch that ``where`` does not select, but whose gradient is NaN."""

import math

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import Site, canonical, is_zero, site_of

CODE, CAUSE = "ND504", "where_trap"
SELECTS = frozenset({
    "where", "masked_fill", "minimum", "maximum", "clamp", "clamp_min", "clamp_max", "hardtanh",
    "nan_to_num", "index", "gather", "masked_select", "index_put", "scatter", "topk",
    "amin", "amax", "min", "max",
})  # fmt: skip
PARTIAL = frozenset({"log", "log2", "log10", "log1p", "sqrt", "div", "pow", "exp", "expm1", "acos",
                     "asin", "reciprocal", "rsqrt", "atanh", "exp2", "sinh", "cosh"})  # fmt: skip
BOUNDS = frozenset({"clamp", "clamp_min", "clamp_max", "minimum", "maximum"})
EXPONENTIALS = frozenset({"exp", "expm1", "exp2", "sinh", "cosh"})

DOC = """
## What it does
Reports an op outside its domain in the branch that `torch.where` (or a mask) drops: the forward
value is not used, yet its gradient is 0 * inf = NaN.

## Why it matters
The loss is right, so nothing looks wrong until the weights are NaN one step later.

## Example
```python
y = torch.where(x > 0, x, torch.exp(x) - 1)      # exp(400) = inf in the unselected branch
y = torch.where(x > 0, x.log(), 0.0)
```

## Use instead
```python
safe = torch.where(x > 0, torch.zeros_like(x), x)      # "double where": make the input safe
y = torch.where(x > 0, x, torch.exp(safe) - 1)
```

## Look-alikes
A forward value that is itself the fault makes the loss non-finite: phase forward; or it ends in a
finite value that is used, as in 1 / (1 + exp(400)): then `exp_overflow` or `division_by_zero`. A
root or power at exactly 0 without any `where` is `sqrt_at_zero` or `pow_at_zero`.

## References
pytorch/pytorch#68425; JAX FAQ, "gradients contain NaN where using where".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire in backward where the forward op was out of its domain and the loss stayed finite."""
    site = site_of(evidence)
    if site is None or not site.is_backward or site.op not in PARTIAL:
        return ()
    loss = evidence.replay.loss if evidence.replay else None
    if loss is not None and not math.isfinite(loss):
        return ()
    selected = _is_selected(site)
    outside = _is_outside(site)
    if not (outside or selected):
        return ()
    # An infinity may also end in a finite value: atan(inf), 1 / (1 + inf). A NaN may not.
    is_dropped = selected or is_dropped_later(site) or not _is_infinite(site)
    score = 0.95 if outside else 0.7 if evidence.is_fixed_by("safe_where") else 0.45
    score = score if is_dropped else 0.5
    message = f"{site.op} is out of its domain in a branch that is not selected"
    return found_at(site, (CODE, CAUSE), message, score=score)


def _is_selected(site: Site) -> bool:
    path = " ".join(site.origin.path_to_loss)
    if site.mentions(r"\bwhere\("):
        return True
    # The gradients of these select as well, and dropped nothing in the forward pass.
    is_bounded = bool(BOUNDS.intersection(site.made_by))
    return not is_bounded and (": where" in path or ": masked_fill" in path)


def is_dropped_later(site: Site) -> bool:
    """Whether an op that selects reads the result within a few ops."""
    near = [canonical(name.rsplit(": ", 1)[-1]) for name in site.origin.consumers[:8]]
    return bool(SELECTS.intersection(near))


def _is_infinite(site: Site) -> bool:
    """Whether the forward value is an infinity rather than a NaN."""
    if site.op == "div":
        return not any(is_zero(value) for value in site.values(0))
    if site.op.startswith("log"):
        return not site.has(lambda value: value < (-1.0 if site.op == "log1p" else 0.0))
    return site.op in EXPONENTIALS or site.op in ("reciprocal", "rsqrt")


def _is_outside(site: Site) -> bool:
    """Whether the forward value itself is infinite or undefined at the offending elements."""
    op = site.op
    if op.startswith("log"):
        return site.has(lambda value: value <= (-1.0 if op == "log1p" else 0.0))
    if op in ("sqrt", "rsqrt", "pow"):
        return site.has(lambda value: value < 0)
    if op in EXPONENTIALS:
        return site.has(lambda value: abs(value) > 88.0)
    if op in ("acos", "asin", "atanh"):
        return site.has(lambda value: abs(value) > 1.0)
    return op in ("div", "reciprocal") and any(
        value == 0.0 for value in site.values(len(site.operands) - 1)
    )


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("safe_where", "clamp"))
