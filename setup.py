"""Build the compiled engine where a C compiler is found; chainrule is pure Python otherwise.

CHAINRULE_SKIP_COMPILED=1 does not try; CHAINRULE_REQUIRE_COMPILED=1 fails where it cannot.
"""

import os
import sys
import warnings
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent
GENERATED = HERE / "build" / "generated"
# No contraction, and sin and cos not merged: the results are those of Python's `math`, bit for bit.
FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-builtin-sin", "-fno-builtin-cos"]


def wanted(variable: str) -> bool:
    return os.environ.get(variable, "0") not in ("", "0")


def write_headers() -> None:
    """Print the rules of ops.py and the formulas of updates.py as C."""
    os.environ["AUTOGRAD_PURE"] = "1"
    sys.path.insert(0, str(HERE))
    from autograd import ops
    from autograd.export.c_headers import rules_header, updates_header

    constants = {name: x for name, x in vars(ops).items() if isinstance(x, float)}
    source = (HERE / "autograd" / "ops.py").read_text(encoding="utf-8")
    GENERATED.mkdir(parents=True, exist_ok=True)
    (GENERATED / "_rules.h").write_text(
        rules_header(source, constants, ops.CHOICES), encoding="utf-8"
    )
    source = (HERE / "nn" / "updates.py").read_text(encoding="utf-8")
    (GENERATED / "_updates.h").write_text(updates_header(source), encoding="utf-8")


def extensions() -> list[Extension]:
    if wanted("CHAINRULE_SKIP_COMPILED"):
        return []
    from Cython.Build import cythonize

    write_headers()
    made: list[Extension] = cythonize(
        [
            Extension(
                module,
                [source],
                include_dirs=[str(GENERATED)],
                # The rooms of a module lie below its folder.
                depends=[str(GENERATED / header), *map(str, (HERE / source).parent.rglob("*.pxi"))],
                extra_compile_args=[] if os.name == "nt" else FLAGS,
            )
            for module, source, header in (
                ("autograd.engines.compiled", "autograd/engines/compiled.pyx", "_rules.h"),
                ("nn._updates", "nn/_updates.pyx", "_updates.h"),
            )
        ],
        build_dir=str(GENERATED),
    )
    return made


class OptionalBuild(build_ext):
    """A build that goes on without the extension where it cannot be compiled."""

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            if wanted("CHAINRULE_REQUIRE_COMPILED"):
                raise
            for output in self.get_outputs():  # of one extension without the other
                Path(output).unlink(missing_ok=True)
            self.extensions: list[Any] = []
            warnings.warn(f"chainrule stays pure Python, and slower: {error}", stacklevel=1)


setup(ext_modules=extensions(), cmdclass={"build_ext": OptionalBuild})
