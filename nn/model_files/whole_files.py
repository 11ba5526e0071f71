"""Writing a file whole or not at all, and leaving alone what is no file."""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows, which lets nobody remove a file that is open
    fcntl = None  # type: ignore[assignment]


def file_path(path: str | os.PathLike[str], caller: str) -> Path:
    """`path` as a Path; ValueError for an empty one, TypeError for what is no path."""
    try:
        text = os.fspath(path)
    except TypeError:
        kind = type(path).__name__
        raise TypeError(f"{caller} takes the name of a file, got {kind} {path!r}") from None
    if not isinstance(text, str):
        raise TypeError(f"{caller} takes the name of a file as a str or Path, got {text!r}")
    if not text:
        raise ValueError(f"{caller} takes the name of a file, got '': write 'model.json', say")
    return Path(path)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write `content` to `path`: afterwards the file is complete, or as it was.

    It is written under a temporary name beside it, then renamed; what a killed
    process left behind is cleared away by the next one that writes to `path`. A
    new file gets the permissions of any new file, an old one keeps its own. Devices,
    pipes and the standard streams are written to as they are. An OSError names `path`.
    """
    written = content.encode() if isinstance(content, str) else content
    try:
        stream = _stream(path)
        if stream is not None:
            with os.fdopen(stream, "wb") as file:
                file.write(written)
            return
        target = Path(os.path.realpath(path))  # of a link, the file behind it
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _clear_leftovers(target)
        _replace(target, written)
    except OSError as error:
        # In its own words the file is missing, or the temporary one.
        raise type(error)(error.errno, error.strerror or str(error), str(path)) from None


def _replace(target: Path, content: bytes) -> None:
    handle, temporary = _new_file(target)
    try:
        with _closing(handle), os.fdopen(handle, "wb", closefd=False) as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            if fcntl:
                temporary.replace(target)  # while it is locked
        if not fcntl:
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _closing(handle: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(handle)


def _new_file(target: Path) -> tuple[int, Path]:
    """A new file beside `target`, open and locked: who cannot lock it knows that it is in use."""
    while True:
        temporary = target.parent / f"{_prefix(target)}{secrets.token_hex(8)}.tmp"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            _lock(handle, wait=True)
            if os.fstat(handle).st_nlink:  # else another cleared it away before it was locked
                return handle, temporary
        except BaseException:
            os.close(handle)
            temporary.unlink(missing_ok=True)
            raise
        os.close(handle)


def _clear_leftovers(target: Path) -> None:
    """Remove the temporary files of `target` that no process holds open any more."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(target.parent):
            if entry.name.startswith(_prefix(target)) and entry.name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    _remove_unless_locked(entry.path)


def _remove_unless_locked(path: str) -> None:
    if not fcntl:
        Path(path).unlink()
        return
    with _closing(handle := os.open(path, os.O_RDONLY | os.O_NOFOLLOW)):
        _lock(handle, wait=False)
        Path(path).unlink()


def _lock(handle: int, *, wait: bool) -> None:
    """OSError where another holds the lock, or, if we will not `wait`, where there are no locks."""
    if fcntl:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            if not wait:
                raise


def _prefix(target: Path) -> str:
    """How the names of its temporary files begin: short, whatever the name of `target`."""
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return f".chainrule-{name}-"


def _stream(path: Path) -> int | None:
    """`path` opened, where it is a device, a pipe or one of our own streams; else None."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    ours = _descriptor(path)
    if ours is not None:  # not opened anew: of a file that would begin elsewhere
        return os.dup(ours)
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    return os.open(path, os.O_WRONLY | os.O_APPEND)


def _descriptor(path: Path) -> int | None:
    """The number of our own stream that `path` means, as /dev/stdout means 1 by way of /proc."""
    for _ in range(40):
        if os.path.realpath(path.parent) == f"/proc/{os.getpid()}/fd" and path.name.isdigit():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None
