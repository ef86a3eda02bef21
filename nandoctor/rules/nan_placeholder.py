"""Rule: a NaN that the code wrote itself, as a placeholder, and that is read."""

import math

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import Site, site_of

CODE, CAUSE = "ND115", "nan_placeholder"
WRITES = frozenset({
    "full", "full_like", "new_full", "fill", "masked_fill", "index_fill", "constant_pad_nd",
    "scalar_tensor", "where", "index_put", "scatter", "copy", "nan_to_num",
})  # fmt: skip

DOC = """
## What it does
Reports a NaN that no arithmetic made: the code wrote it as a placeholder ("not filled yet", "no
value"), and it reaches the loss or a gradient.

## Why it matters
A workspace filled with NaN is a good trap for forgotten writes: a NaN that comes out of it means
that a row was never written, or a missing value averaged in. The numbers around it are innocent.

## Example
```python
out = torch.full((batch, steps, width), float("nan"))
for i, n in enumerate(lengths):
    out[i, :n] = encode(x[i, :n])          # shorter sequences leave NaN behind
return out.mean(1)
```

## Use instead
```python
out[i, :n].mean(0)                          # read only what was written
torch.nanmean(metric.detach())              # where a missing value is one: in metrics only
```

## Look-alikes
NaN that the batch brings along is `bad_input`. Memory from `torch.empty` that happens to hold a NaN
changes from run to run. A mask filled with -inf is meant.

## References
torch.full; torch.where; torch.utils.deterministic.fill_uninitialized_memory, which fills with NaN.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the origin only wrote a NaN constant."""
    site = site_of(evidence)
    if site is None or site.is_backward or site.op not in WRITES or not _writes_nan(site):
        return ()
    message = f"{site.op} writes a NaN that is read"
    return found_at(site, (CODE, CAUSE), message, score=0.7)


def _writes_nan(site: Site) -> bool:
    given = (v for v in site.origin.arguments.values() if isinstance(v, float))
    constants = (o for o in site.operands if o.stats.numel == 1 and not o.made_by)
    return any(map(math.isnan, given)) or any(o.stats.num_nan for o in constants)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=())
