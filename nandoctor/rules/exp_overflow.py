"""Rule: an exponential of an argument that is too large for the dtype's range."""

import math

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import half_dtype
from nandoctor.rules.site import site_of
from nandoctor.rules.where_trap import is_dropped_later

CODE, CAUSE = "ND103", "exp_overflow"
LIMITS = {  # largest argument with a finite result in float32
    "exp": math.log(3.4028235e38), "expm1": math.log(3.4028235e38), "exp2": 128.0,
    "linalg_matrix_exp": math.log(3.4028235e38), "matrix_exp": math.log(3.4028235e38),
    "sinh": math.log(3.4028235e38) + math.log(2), "cosh": math.log(3.4028235e38) + math.log(2),
}  # fmt: skip

DOC = """
## What it does
Reports exp, exp2, expm1, sinh, cosh or matrix_exp of an argument beyond 88.7 (fp32:
e^88.7 = 3.4e38).

## Why it matters
The argument is usually a quantity nobody bounds: a log-variance, a log-ratio of policies, a
temperature, a logit before a hand-written softmax or softplus. It needs only one token or sample.

## Example
```python
kl = 0.5 * (logvar.exp() + mu**2 - 1 - logvar)
softplus = torch.log(1 + torch.exp(x))
```

## Use instead
```python
logvar = logvar.clamp(-30, 20)
F.softplus(x); torch.logsumexp(x, -1); torch.logaddexp(a, b)   # never form the exponential
```

## Look-alikes
An argument between 11.1 and 88.7 overflows only in fp16: `fp16_overflow`. A cumulative sum inside
the exponential is `cumulative_overflow`. exp in a branch that `where` drops is `where_trap`. A run
whose loss rose for many steps before is dying of its dynamics; the exp is then the mechanism.

## References
torch.nn.functional.softplus; Schulman, "Approximating KL divergence" (k3 estimator).
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where an exponential's offending argument is beyond fp32's range."""
    site = site_of(evidence)
    if site is None or site.op not in LIMITS:
        return ()
    known = [abs(value) for item in site.operands for value in item.offending]
    if known and max(known) <= LIMITS[site.op] and half_dtype(evidence, site) == "float16":
        return ()
    largest = f" of {max(known):.4g}" if known else ""
    unused = site.is_backward and (is_dropped_later(site) or site.mentions(r"\bwhere\("))
    against = ("the loss itself is finite: the value was not selected",) if unused else ()
    score = 0.5 if unused else 0.85
    message = f"{site.op}{largest} overflows"
    return found_at(site, (CODE, CAUSE), message, score=score, against=against)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("clamp", "fp64"))
