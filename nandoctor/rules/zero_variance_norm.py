"""Rule: a normalisation whose variance is zero and whose epsilon does not save it."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import is_rounding
from nandoctor.rules.site import Site, canonical, is_zero, site_of, squares_overflow

CODE, CAUSE = "ND105", "zero_variance_norm"
NORMS = ("layer_norm", "batch_norm", "group_norm", "instance_norm", "rms_norm")
SPREADS = frozenset({"std", "var", "std_mean", "var_mean"})
DIVISIONS = frozenset({"div", "rsqrt", "reciprocal", "true_divide"})

DOC = """
## What it does
Reports (x - mean) / std where std is exactly 0: a constant signal, image, feature, a dead channel.

## Why it matters
Constant inputs are rare enough to pass every test and common enough to be in every large data set:
black frames, silence, blank pages, saturated crops.

## Example
```python
frames = (frames - frames.mean(-1, keepdim=True)) / frames.std(-1, keepdim=True)
```

## Use instead
```python
frames = (frames - mean) * torch.rsqrt(var + 1e-5)     # eps inside the root: gradient bounded, too
F.layer_norm(frames, frames.shape[-1:], eps=1e-5)
```

## Look-alikes
A single element under Bessel's correction gives NaN in the std itself: `std_of_one`. A zero norm,
peak or sum is `division_by_zero`. An eps of 1e-8 that is 0 in fp16 is `fp16_underflow`.

## References
torch.nn.LayerNorm (eps); maxrmorrison/torchcrepe#5.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where a zero spread is divided by, or a norm layer itself gives non-finite values."""
    site = site_of(evidence)
    if site is None:
        return ()
    rounding = 0.5 if is_rounding(evidence, site) else 0.0
    if any(norm in site.op for norm in NORMS):
        if squares_overflow(site):
            return ()
        message = f"{site.op} over values without variance"
        return found_at(site, (CODE, CAUSE), message, score=0.8 - rounding)
    if site.op in ("std", "var", "sqrt") and site.is_backward:
        spread = site.op != "sqrt" or bool(SPREADS & set(site.made_by[:3]))
        zero = spread and not site.mentions(r"\bnorm\(")
        message = f"the gradient of {site.op} at zero variance is infinite"
        return found_at(site, (CODE, CAUSE), message, score=0.85) if zero else ()
    if site.op not in DIVISIONS or not _divides_by_spread(site):
        return ()
    message = f"{site.op} by a standard deviation of zero"
    return found_at(site, (CODE, CAUSE), message, score=0.9 - rounding)


def is_hand_written_spread(made: list[str]) -> bool:
    """Whether these ops make a variance or mean square: the mean of squares."""
    return "mean" in made[:3] and bool({"pow", "square", "mul"} & set(made[1:4]))


def _divides_by_spread(site: Site) -> bool:
    denominator = site.operands[1] if len(site.operands) > 1 else (site.operands or (None,))[0]
    if denominator is None or not any(is_zero(value) for value in denominator.offending):
        return False
    made = [canonical(op) for op in denominator.made_by[:6]]
    if made:
        return bool(SPREADS & set(made)) or is_hand_written_spread(made)
    return bool(site.mentions(r"\.?(std|var|sigma|variance)\b|z_?score|standardi[sz]e"))


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("eps", "clamp"))
