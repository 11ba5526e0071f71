"""Build the compiled engine where a C compiler is found; chainrule is pure Python otherwise.

CHAINRULE_SKIP_COMPILED=1 does not try; CHAINRULE_REQUIRE_COMPILED=1 fails where it cannot.
"""

import os
import sys
import sysconfig
import warnings
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent
GENERATED = HERE / "build" / "generated"
# No contraction, and sin and cos not merged: the results are those of Python's `math`, bit for bit.
FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-builtin-sin", "-fno-builtin-cos"]
# The replay of programs is compiled once for each set of instructions, which is chosen at run time.
NATIVE = HERE / "autograd" / "programs" / "native"
SETS = {
    "base": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": [
        *("-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma"),
        "-mprefer-vector-width=512",
    ],
}


HAS_SETS = os.name != "nt" and sysconfig.get_platform().endswith(("x86_64", "amd64"))


def wanted(variable: str) -> bool:
    return os.environ.get(variable, "0") not in ("", "0")


def write_headers() -> None:
    """Print the rules of ops.py and the formulas of updates.py as C."""
    os.environ["AUTOGRAD_PURE"] = "1"
    sys.path.insert(0, str(HERE))
    from autograd import ops
    from autograd.export.c_headers import replay_header, rules_header, updates_header
    from autograd.export.lane_tables import lane_tables_header

    constants = {name: x for name, x in vars(ops).items() if isinstance(x, float)}
    source = (HERE / "autograd" / "ops.py").read_text(encoding="utf-8")
    GENERATED.mkdir(parents=True, exist_ok=True)
    (GENERATED / "_rules.h").write_text(
        rules_header(source, constants, ops.CHOICES), encoding="utf-8"
    )
    (GENERATED / "_replay_rules.h").write_text(replay_header(source, constants), encoding="utf-8")
    (GENERATED / "_lane_tables.h").write_text(lane_tables_header(), encoding="utf-8")
    source = (HERE / "nn" / "updates.py").read_text(encoding="utf-8")
    (GENERATED / "_updates.h").write_text(updates_header(source), encoding="utf-8")


def relative(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


def rooms_of(source: str) -> list[Path]:
    """The files that a source includes."""
    rooms = (HERE / source).parent.rglob
    return [file for ending in ("*.pxi", "*.inc", "*.h") for file in rooms(ending)]


def flags_of(source: str) -> list[str]:
    """What a file of the replay is compiled with beside FLAGS."""
    kind, _, instructions = Path(source).stem.partition("_")
    if Path(source).parent.name != NATIVE.name or instructions not in SETS:
        return []
    # Products of matrices may fuse a multiplication with an addition; nothing else may.
    fusing = "-ffp-contract=fast" if kind == "matrix" else "-fno-trapping-math"
    return [fusing, *(SETS[instructions] if HAS_SETS else [])]


def extensions() -> list[Extension]:
    if wanted("CHAINRULE_SKIP_COMPILED"):
        return []
    from Cython.Build import cythonize

    write_headers()
    made: list[Extension] = cythonize(
        [
            Extension(
                module,
                [source, *others],
                include_dirs=[str(GENERATED), str(NATIVE)],
                # The rooms of a module lie below its folder.
                depends=[str(GENERATED / header), *map(str, rooms_of(source))],
                extra_compile_args=[] if os.name == "nt" else FLAGS,
                # Without its name the oldest exp of glibc is found, which is twice as slow.
                libraries=[] if os.name == "nt" else ["m"],
                define_macros=[("CHAINRULE_X86_SETS", "1")] if HAS_SETS else [],
            )
            for module, source, header, others in (
                ("autograd.engines.compiled", "autograd/engines/compiled.pyx", "_rules.h", ()),
                ("nn._updates", "nn/_updates.pyx", "_updates.h", ()),
                (
                    "autograd.programs._replay",
                    "autograd/programs/_replay.pyx",
                    "_replay_rules.h",
                    sorted(map(relative, NATIVE.glob("*.c"))),
                ),
            )
        ],
        build_dir=str(GENERATED),
    )
    return made


class OptionalBuild(build_ext):
    """A build that goes on without the extension where it cannot be compiled."""

    def build_extensions(self) -> None:
        """Let files have flags of their own."""
        if os.name != "nt":
            compile_one = self.compiler._compile

            def compile_with_flags(
                built: str, source: str, extension: str, given: Any, extra: Any, *others: Any
            ) -> None:
                extra = [*extra, *flags_of(source)]
                compile_one(built, source, extension, given, extra, *others)

            self.compiler._compile = compile_with_flags
        super().build_extensions()

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
