"""Rule: a logarithm of zero or of a negative number."""

import math

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import is_rounding
from nandoctor.rules.site import Site, is_zero, site_of

CODE, CAUSE = "ND101", "log_of_zero"
LOGS = frozenset({"log", "log2", "log10", "log1p", "logit", "special_logit"})
TOTALS = frozenset({"sum", "mean", "dot"})
SOFTMAX = frozenset({"log_softmax", "logsumexp"})
PICKS = frozenset({"nll_loss_forward", "nll_loss", "nll_loss2d_forward", "nll_loss2d"})

DOC = """
## What it does
Reports a logarithm whose argument is zero (-inf) or negative (NaN), and shows the argument; also
inside `xlogy`, `logdet`, `lgamma` and a cross entropy whose label names a class that is masked
away.

## Why it matters
A softmax or sigmoid underflows to exactly 0 once a logit is about 100 (fp32) or 17 (fp16) away from
the others; silence in audio and empty histogram bins are exact zeros from the start. One -inf in a
sum makes the loss infinite and every gradient NaN.

## Example
```python
loss = -torch.log(torch.softmax(logits, -1)[target])   # log(0) for a confident wrong class
```

## Use instead
```python
loss = F.cross_entropy(logits, target)                  # log_softmax, never forms the probability
loss = F.logsigmoid(z)                                  # for log(sigmoid(z))
logmel = torch.log(mel.clamp(min=1e-10))                # where zeros are data
```

## Look-alikes
`xlogy(0, 0)` is 0 by definition. A -inf that a mask or `where` drops before the loss, in forward
*and* backward, is harmless. A zero that only half precision makes is `fp16_underflow` or
`bf16_precision`: fp32 cures it.

## References
torch.nn.functional.logsigmoid; torch.logsumexp; Blanchard, Higham and Higham 2021, "Accurately
computing the log-sum-exp and softmax functions".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the op is a logarithm and the offending argument is outside its domain."""
    site = site_of(evidence)
    if site is not None and (inside := _log_inside(site)):
        return found_at(site, (CODE, CAUSE), inside, score=0.8)
    if site is None or site.op not in LOGS:
        return ()
    limit = -1.0 if site.op == "log1p" else 0.0
    is_logit = site.op.endswith("logit")
    outside = site.has(lambda value: value <= limit or (is_logit and value >= 1.0))
    if site.operands and any(item.offending for item in site.operands) and not outside:
        return ()
    rounding = is_rounding(evidence, site)
    against = ("more precision cures the step: the zero is made by rounding",) if rounding else ()
    value = next((v for v in site.values(0) if v <= limit or v >= 1.0), limit)
    message = f"{site.op} got {value:.4g}"
    score = 0.35 if rounding else 0.9
    return found_at(site, (CODE, CAUSE), message, score=score, against=against)


def _log_inside(site: Site) -> str:
    """Return which logarithm an op of another name takes of zero, empty where it takes none."""
    if site.op == "linalg_slogdet" and any(map(math.isinf, site.outputs)):
        return "the logarithm of the determinant of a singular matrix"
    if (
        site.op == "where"
        and "linalg_slogdet" in site.made_by
        and any(map(math.isnan, site.outputs))
    ):
        return "the logarithm of a negative determinant"
    if site.op in ("xlogy", "special_xlogy") and any(value <= 0 for value in site.values(1)):
        return f"{site.op} got {site.values(1)[0]:.4g}"
    if site.op == "lgamma" and site.has(is_zero):
        return "lgamma got 0, where it grows as -log(x) does"
    if site.op in TOTALS and site.has(math.isinf) and SOFTMAX.intersection(site.made_by):
        return "a class of probability 0 (masked away) counts in the loss"
    if site.op in PICKS and -math.inf in site.outputs + site.values(0):
        return "the class that the label names has probability 0"
    return ""


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("eps", "clamp", "fp64", "finite_mask"))
