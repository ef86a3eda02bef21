"""Rule: a batch that holds NaN, Inf or a number beyond anything natural."""

from nandoctor.evidence import Component, Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Rule
from nandoctor.rules.attribution import component_of, input_component
from nandoctor.rules.found_at import sample_text
from nandoctor.rules.site import replayed

CODE, CAUSE = "ND301", "bad_input"
OUTLIER = 1e4  # no natural feature stands four orders of magnitude above all others

DOC = """
## What it does
Reports non-finite elements of the batch that the model reads, and a single finite value that
stands 10,000 times above the rest.

## Why it matters
One broken decode, missing cell or overflowing target turns the loss of the whole batch NaN and, one
optimizer step later, every weight.

## Example
```python
batch["pixel_values"][2, 0, 5, 5] = nan      # a half-written image
```

## Use instead
```python
if not torch.isfinite(batch["pixel_values"]).all(): ...   # in the data loader, with the file's name
```
Drop or repair the sample at its source; `nan_to_num` in the model hides the next one.

## Look-alikes
NaN as "no annotation", which the loss selects away, is a note. -inf in an attention mask is no
data. A batch that is large throughout is `unnormalised_input`.

## References
IVRL/VolRecon#18; huggingface/datasets on corrupt images.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire in phase batch, and on an outlier in the batch of a step that failed."""
    replay = replayed(evidence)
    if replay is None or replay.is_batch_synthetic:
        return ()
    origin = replay.origin
    if replay.phase == "batch" and origin is not None:
        name = origin.tensor or "batch"
        stats = next((item for item in replay.batch if item.name == name), None)
        count = (
            f"{stats.num_nonfinite} non-finite of {stats.numel} values" if stats else "non-finite"
        )
        message = f"{name} of the batch holds {count}{sample_text(origin)}"
        return (_finding(message, name, 0.97, component_of(origin.module, origin), stats),)
    outliers = [item for item in replay.batch if _has_outlier(item)]
    if not outliers:
        return ()
    worst = max(outliers, key=lambda item: item.absmax or 0.0)
    rows = sample_text(origin) if origin else ""
    message = f"{worst.name} of the batch holds {worst.absmax:.3g}{rows}"
    cured = evidence.is_fixed_by("drop_samples") or evidence.is_fixed_by("clean_batch")
    return (
        _finding(message, worst.name, 0.92 if cured else 0.6, input_component(worst.name), worst),
    )


def _has_outlier(item: TensorStats) -> bool:
    if item.rms_rest is None or item.absmax is None or "float" not in item.dtype:
        return False
    return item.numel > 8 and item.absmax > OUTLIER * max(item.rms_rest, 1.0)


def _finding(
    message: str, where: str, score: float, component: Component, stats: TensorStats | None
) -> Finding:
    lines: tuple[str, ...] = ()
    if stats is not None and stats.min is not None:
        rest = f", rms of the rest {stats.rms_rest:.4g}" if stats.rms_rest is not None else ""
        lines = (f"finite range {stats.min:.4g} to {stats.max:.4g}{rest}",)
    return Finding(
        CODE, CAUSE, "error", Grade.reproduced, message, where, evidence=lines, score=score,
        component=component,
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("clean_batch", "drop_samples"))
