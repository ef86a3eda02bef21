"""Rule: a mean, or another reduction, over no element at all."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import is_zero, site_of

CODE, CAUSE = "ND106", "empty_reduction"
REDUCTIONS = frozenset({"mean", "nanmean", "median", "nanmedian", "quantile", "nanquantile"})
LOSSES = ("mse_loss", "l1_loss", "smooth_l1", "huber", "binary_cross", "kl_div", "nll_loss")
COUNTS = frozenset({"sum", "count_nonzero", "any"})
TESTS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "bitwise_and", "logical_and", "isfinite"})

DOC = """
## What it does
Reports a mean (or std, median, mean-reduced loss) over an empty selection: 0/0 = NaN.

## Why it matters
`x[mask].mean()` is fine until a batch has nothing under the mask: no valid pixel, no positive
anchor, no image token in a text-only sample. With distributed training a rank meets it sooner.

## Example
```python
loss = (pred[valid] - target[valid]).abs().mean()
```

## Use instead
```python
error = (pred - target).abs() * valid
loss = error.sum() / valid.sum().clamp(min=1)          # 0 where nothing is valid, gradient intact
```

## Look-alikes
Labels that are all ignored are `all_labels_ignored`. The std of one element is `std_of_one`.
`sum` over nothing is 0 and harmless.

## References
hiyouga/LlamaFactory#7362; facebookresearch/maskrcnn-benchmark#1005.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the op's input has no element, or a mask's count of zero is divided by."""
    site = site_of(evidence)
    if site is None:
        return ()
    is_empty = any(item.stats.numel == 0 for item in site.operands)
    reduces = site.op in REDUCTIONS or any(loss in site.op for loss in LOSSES)
    if is_empty and (reduces or site.op in ("std", "var", "div")):
        message = f"{site.op} over an empty tensor"
        return found_at(site, (CODE, CAUSE), message, score=0.95)
    if site.op == "mean" and any(value != value for value in site.outputs):
        return found_at(site, (CODE, CAUSE), "mean over no element", score=0.7)
    if site.op == "div" and len(site.operands) > 1 and any(map(is_zero, site.values(1))):
        made = set(site.operands[1].made_by)
        if evidence.is_fixed_by("empty_zero") or (made & COUNTS and made & TESTS):
            return found_at(
                site, (CODE, CAUSE), "a mean over a mask that selects nothing", score=0.6
            )
    return ()


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("empty_zero", "eps"))
