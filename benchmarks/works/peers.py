"""The peers: imported where they are installed, compiled where there is a C compiler."""

import ctypes
import importlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1] / "hand_written"


def peer(name: str) -> Any:
    """The module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def jax_in_double() -> Any:
    """JAX with float64, on one thread, or None."""
    jax = peer("jax")
    if jax is not None:
        jax.config.update("jax_enable_x64", True)
    return jax


def hand_written(name: str, *flags: str) -> Any:
    """A C file of `hand_written`, compiled by gcc; None where there is none."""
    gcc = shutil.which("gcc")
    if gcc is None:
        return None
    library = Path(tempfile.mkdtemp()) / f"{name}.so"
    command = [gcc, *flags, "-march=native", "-shared", "-fPIC", str(HERE / f"{name}.c")]
    subprocess.run([*command, "-o", str(library), "-lm"], check=True)
    return ctypes.CDLL(str(library))


def address(array: Any) -> Any:
    """A pointer to the numbers of a NumPy array."""
    return array.ctypes.data_as(ctypes.c_void_p)
