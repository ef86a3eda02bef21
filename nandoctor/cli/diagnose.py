"""``nandoctor diagnose``: the whole way from a run directory to a cause; the pipeline walks it."""

from __future__ import annotations

from dataclasses import replace

from nandoctor.cli import options
from nandoctor.cli.output import reporting
from nandoctor.cli.progress import progress
from nandoctor.findings import Report


@reporting
def command(
    run: options.Run,
    model: options.Model = None,
    batch: options.Batch = None,
    log: options.Log = None,
    loss: options.Loss = None,
    last_good: options.LastGood = None,
    device: options.Device = "auto",
    allow_mismatch: options.AllowMismatch = False,
    interventions: options.Interventions = None,
    include_hiding: options.IncludeHiding = False,
    budget: options.Budget = 60.0,
    timeout: options.Timeout = None,
    no_code: options.NoCode = False,
) -> Report:
    """Name the cause of a crashed run and say what to do.

    Finds checkpoints, logs, batch and replay.py in RUN, runs the failing step again, tries the
    fixes, walks the decision tree and says what to do now. RUN/replay.py is executed.
    """
    from nandoctor.pipeline import Settings, diagnose, similar_cases

    settings = Settings(
        model=model, loss=loss, batch=batch, logs=tuple(log or ()), last_good=last_good,
        device=device, allow_mismatch=allow_mismatch, interventions=options.names(interventions),
        include_hiding=include_hiding, budget=budget, timeout=timeout, runs_code=not no_code,
    )  # fmt: skip
    with progress() as tick:
        report = diagnose(run, settings, progress=tick)
    return replace(report, similar=similar_cases(report))
