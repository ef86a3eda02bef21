"""Rule: a hand-written backward that gives a non-finite gradient."""

import re

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import Site, site_of

CODE, CAUSE = "ND506", "custom_backward"

DOC = """
## What it does
Reports a NaN that is made inside the `backward` of a torch.autograd.Function.

## Why it matters
The forward guards an edge case, the backward does not: autograd cannot know. torch's own gradients
are not to blame, so no epsilon in the model helps.

## Example
```python
@staticmethod
def backward(ctx, grad):
    x, n = ctx.saved_tensors
    return grad * x / n, None          # n = 0 where forward had clamped
```

## Use instead
Save the guarded value (`n.clamp(min=eps)`), and run `torch.autograd.gradcheck` on inputs that
include zeros, ties and limits.

## Look-alikes
A built-in op whose own gradient is infinite is `sqrt_at_zero`, `norm_at_zero`, `where_trap`, ...

## References
torch.autograd.Function; torch.autograd.gradcheck; pytorch/pytorch#2421.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire in backward where the node is a user's Function or the frame a backward method."""
    site = site_of(evidence)
    if site is None or site.origin.phase != "backward" or not _is_custom(site):
        return ()
    name = site.origin.forward_op or site.origin.op
    message = f"the backward of {name} gives a non-finite gradient"
    return found_at(site, (CODE, CAUSE), message, score=0.97)


def _is_custom(site: Site) -> bool:
    """Whether a frame of the origin is a backward method, or the node has no aten name."""
    origin = site.origin
    frames = [place for place in (origin.source, origin.user_source) if place]
    if any(place.function.rsplit(".", 1)[-1] in ("backward", "vjp") for place in frames):
        return True
    # aten names are lower case and their nodes end in Backward0: a class of the user is neither.
    name = (origin.forward_op or "").rsplit("::", 1)[-1]
    return name != name.lower() and not re.fullmatch(r"\w+Backward\d+", name)


RULE = Rule(CODE, CAUSE, DOC, check)
