"""Errors that say which row they mean, and warnings at the line of the user's code."""

import os
import sys
import warnings
from pathlib import Path

import autograd

PACKAGES = tuple(
    f"{folder}{os.sep}" for folder in (Path(autograd.__file__).parent, Path(__file__).parents[1])
)


def placed(error: Exception, name: str, position: int) -> Exception:
    """`error`, saying where it arose."""
    if type(error).__module__.startswith(("autograd", "nn", "builtins")):
        error.args = (f"{name} {position}: {error}",)
    return error


def warn(message: str) -> None:
    """A UserWarning at the line outside of the package that led here; shown once there."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGES):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def some(names: list[str]) -> str:
    """The first few of the names."""
    if not names:
        return "none"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
