"""The streams of a command: nothing it says can fail for an encoding or a reader that went away."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def usable_streams() -> Iterator[None]:
    """Within it, what a terminal cannot show is written as an escape, and stderr is there."""
    stderr = sys.stderr
    streams = [stream for stream in (sys.stdout, stderr) if hasattr(stream, "reconfigure")]
    handlers = [stream.errors for stream in streams]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    with Path(os.devnull).open("w") as nowhere:
        if stderr is None:  # closed by 2>&-: print would take stdout in its place
            sys.stderr = nowhere
        try:
            yield
        finally:
            sys.stderr = stderr
            for stream, handler in zip(streams, handlers, strict=True):
                with contextlib.suppress(OSError):
                    stream.reconfigure(errors=handler)


def complain(message: str) -> None:
    """One line on stderr; nothing where that cannot be written."""
    with contextlib.suppress(OSError):
        print(f"chainrule: {' '.join(message.split())}", file=sys.stderr)


def flush_stdout() -> None:
    """Write what was said; the OSError of a full disk names standard output."""
    try:
        sys.stdout.flush()
    except OSError as error:
        error.filename = error.filename or "standard output"
        raise


def let_go_of_stdout() -> None:
    """Throw away what could not be written, or Python complains of it once more when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
