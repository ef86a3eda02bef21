"""``nandoctor checklist``: the practitioners' checklist; the answers are computed elsewhere."""

from __future__ import annotations

from nandoctor.cli import options
from nandoctor.cli.output import reporting
from nandoctor.cli.progress import progress
from nandoctor.findings import Report


@reporting
def command(
    run: options.Run,
    model: options.Model = None,
    batch: options.Batch = None,
    device: options.Device = "auto",
    no_code: options.NoCode = False,
) -> Report:
    """Answer the practitioners' checklist from a run's files.

    Before training, during it, after the crash, in the long term, and the six pitfalls: each
    point is yes, no or unknown, with the evidence. RUN/replay.py is executed.
    """
    from nandoctor.pipeline import Settings, checklist

    settings = Settings(model=model, batch=batch, device=device, runs_code=not no_code)
    with progress() as tick:
        return checklist(run, settings, progress=tick)
