"""How far a scan is, in bytes and seconds, for the progress callback."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

Progress = Callable[[str, float], None]


class Meter:
    """Tells the progress callback how far the bytes are, with the time left."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total = max(1, total)
        self.progress = progress
        self.done = 0
        self.start = time.monotonic()
        self.lock = threading.Lock()

    def advance(self, size: int) -> None:
        """Count bytes that are done."""
        if self.progress is None:
            return
        with self.lock:
            self.done += size
            share = min(1.0, self.done / self.total)
            seconds = (time.monotonic() - self.start) * (1 - share) / max(share, 1e-6)
            done, total = self.done / 1e9, self.total / 1e9
            self.progress(f"scanning {done:.2f} of {total:.2f} GB, {seconds:.0f} s left", share)
