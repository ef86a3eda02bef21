"""Reading a place of a file without a shared position; also where the system has no ``pread``."""

from __future__ import annotations

import os
import threading

_LOCK = threading.Lock()
_BINARY = getattr(os, "O_BINARY", 0)


def open_file(path: str | os.PathLike[str]) -> int:
    """Return a descriptor to read from."""
    return os.open(path, os.O_RDONLY | _BINARY)


def open_sequential(path: str | os.PathLike[str]) -> int:
    """Return a descriptor for which the kernel reads far ahead."""
    fd = open_file(path)
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    return fd


def read_into(fd: int, into: memoryview, at: int) -> int:
    """Fill a buffer from a place of a file; return how many bytes were there."""
    done = 0
    while done < len(into):
        if hasattr(os, "preadv"):
            count = os.preadv(fd, [into[done:]], at + done)
        else:
            with _LOCK:
                os.lseek(fd, at + done, os.SEEK_SET)
                chunk = os.read(fd, len(into) - done)
            count = len(chunk)
            into[done : done + count] = chunk
        if not count:
            break
        done += count
    return done


def read_at(fd: int, size: int, at: int) -> bytes:
    """Return up to ``size`` bytes from a place of a file."""
    if size <= 0:
        return b""
    buffer = bytearray(min(size, max(0, os.fstat(fd).st_size - at)))
    return bytes(buffer[: read_into(fd, memoryview(buffer), at)])
