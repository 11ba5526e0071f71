"""Functions without a branch, for vectors: the bits of the C library, and near to the truth."""

import ctypes
import math
import os
import platform
import random
import shutil
import struct
import subprocess
import sys
from array import array
from pathlib import Path

import mpmath
import pytest

from autograd.export.lane_tables import PLACES, lane_tables_header

NATIVE = Path(__file__).parents[2] / "autograd" / "programs" / "native"
COMPILER = shutil.which(os.environ.get("CC", "gcc"))
FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC"]
SETS = {
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"],
}
UNFUSED = "-DFUSED(x, y, z)=((x) * (y) + (z))"
FUNCTIONS = ["exp", "expm1", "tanh", "sinh", "cosh", "log1p"]

# `differing` tries numbers from low to high, or all bit patterns where low is not below high.
SOURCE = r"""
#include "lanes.h"

int agreeing(void) { return lanes_agree(); }

static double next(uint64_t *seed, double low, double high)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return low < high ? low + (high - low) * ((double)(z >> 11) * 0x1p-53) : with_bits((int64_t)z);
}

#define EXPORTED(name)                                                                          \
    void many_##name(ptrdiff_t n, const double *x, double *out) { lanes_##name(n, x, out); }    \
    int told_##name(void) { return LANE_##name; }                                               \
    int telling_##name(double *out)                                                             \
    {                                                                                           \
        memcpy(out, lane_telling[LANE_PLACE_OF_##name], sizeof lane_telling[0]);                \
        return LANE_TELLING;                                                                    \
    }                                                                                           \
    ptrdiff_t differing_##name(uint64_t seed, ptrdiff_t blocks, double low, double high,        \
                               double *at)                                                      \
    {                                                                                           \
        double x[1000], out[1000];                                                              \
        ptrdiff_t found = 0;                                                                    \
        for (ptrdiff_t block = 0; block < blocks; block++) {                                    \
            for (int i = 0; i < 1000; i++)                                                      \
                x[i] = next(&seed, low, high);                                                  \
            lanes_##name(1000, x, out);                                                         \
            for (int i = 0; i < 1000; i++) {                                                    \
                const double wanted = name(x[i]);                                               \
                if (memcmp(&wanted, out + i, 8) != 0 && !(isnan(wanted) && isnan(out[i])))      \
                    *at = x[i], found++;                                                        \
            }                                                                                   \
        }                                                                                       \
        return found;                                                                           \
    }
LANE_FUNCTIONS(EXPORTED)
"""


def built(folder, flags):
    """The functions above, compiled for one set of instructions."""
    (folder / "_lane_tables.h").write_text(lane_tables_header(), encoding="utf-8")
    (folder / "lanes.c").write_text(SOURCE, encoding="utf-8")
    command = [COMPILER, *FLAGS, *flags, f"-I{NATIVE}", f"-I{folder}", "-Wall", "-Wextra"]
    name = folder / f"lanes{len(list(folder.iterdir()))}.so"
    subprocess.run([*command, "-Werror", folder / "lanes.c", "-o", name, "-lm"], check=True)
    return ctypes.CDLL(str(name))


@pytest.fixture(scope="module", params=SETS)
def lanes(request, tmp_path_factory):
    if COMPILER is None:
        pytest.skip("there is no C compiler here")
    if platform.machine().lower() not in ("x86_64", "amd64") or os.name == "nt":
        pytest.skip("the sets of instructions are those of x86-64 under Linux and macOS")
    folder = tmp_path_factory.mktemp("lanes")
    supported = " && ".join(
        f'__builtin_cpu_supports("{flag[2:]}")'
        for flag in SETS[request.param]
        if "prefer" not in flag
    )
    (folder / "asked.c").write_text(
        f"int asked(void) {{ __builtin_cpu_init(); return {supported}; }}", encoding="utf-8"
    )
    asked = folder / "asked.so"
    subprocess.run([COMPILER, "-shared", "-fPIC", folder / "asked.c", "-o", asked], check=True)
    if not ctypes.CDLL(str(asked)).asked():
        pytest.skip(f"this processor has no {request.param}")
    library = built(folder, SETS[request.param])
    library.unfused = built(folder, [*SETS[request.param], UNFUSED])
    return library


def computed(library, name, numbers):
    x, out = array("d", numbers), array("d", bytes(8 * len(numbers)))
    pointers = [(ctypes.c_double * len(x)).from_buffer(given) for given in (x, out)]
    getattr(library, f"many_{name}")(ctypes.c_ssize_t(len(x)), *pointers)
    return list(out)


def python(name, x):
    try:
        return getattr(math, name)(x)
    except OverflowError:
        return -math.inf if name == "sinh" and x < 0.0 else math.inf
    except ValueError:
        return -math.inf if x == -1.0 else math.nan


def same(a, b):
    return struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b))


def truth(name, x):
    with mpmath.workprec(2200 if abs(x) < 1e-290 else 300):
        return getattr(mpmath, name)(mpmath.mpf(x))


def ulps(found, wanted):
    """How far a double is from the truth, in units of the last place of what it should be."""
    with mpmath.workprec(2200):
        return float(abs(mpmath.mpf(found) - wanted) / math.ulp(float(wanted)))


def compare_with_the_library(lanes, name, blocks):
    if not lanes.agreeing() & getattr(lanes, f"told_{name}")():
        pytest.skip(f"the C library here has another {name}, and is used itself")
    at = ctypes.c_double()
    differing = getattr(lanes, f"differing_{name}")
    differing.restype = ctypes.c_ssize_t
    for low, high in (
        *((0.0, 0.0), (-1.0, 1.0), (-2.0, 3.0), (-40.0, 40.0), (-800.0, 800.0), (-746.0, -707.0)),
        *((-1e-7, 1e-7), (0.0, 1e16), (709.0, 711.0), (1.0 - 2e-6, 1.0 + 2e-6), (-0.5, -0.499999)),
    ):
        count = differing(
            ctypes.c_uint64(blocks), ctypes.c_ssize_t(blocks), ctypes.c_double(low),
            ctypes.c_double(high), ctypes.byref(at),
        )  # fmt: skip
        assert count == 0, f"{name}({at.value.hex()}) between {low} and {high}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_give_the_bits_of_the_library(lanes, name):
    compare_with_the_library(lanes, name, 100)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_give_the_bits_of_the_library_at_millions_of_numbers(lanes, name):
    compare_with_the_library(lanes, name, 3000)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_give_what_math_gives(lanes, name):
    if not lanes.agreeing() & getattr(lanes, f"told_{name}")():
        pytest.skip(f"the C library here has another {name}, and is used itself")
    rng = random.Random(name)
    numbers = [rng.choice([rng.gauss(0, 1), rng.uniform(-750, 750)]) for _ in range(5000)]
    # Where ways part, by the upper half of the bits, and around it.
    for upper in (
        *(0x3FD62E43, 0x3FF0A2B2, 0x4043687A, 0x3FDA827A, 0x3FD2BEC4, 0x3E200000, 0x3C900000),
        *(0x40360000, 0x40862E42, 0x408633CF, 0x3FF00000, 0x40800000, 0x43400000, 0x3E300000),
        *(0x3C800000, 0x00100000, 0x7FF00000, 0x7FF80000, 0x00000000),
    ):
        for low in (0, 1, 2, 1 << 31):
            for bits in ((upper << 32) + low, max((upper << 32) - low, 0)):
                (x,) = struct.unpack("<d", struct.pack("<Q", bits))
                numbers += [x, -x]
    for x, found in zip(numbers, computed(lanes, name, numbers), strict=True):
        assert same(found, python(name, x)), (name, x.hex(), found.hex())


# What is known of the methods; those of the library are no nearer.
BOUNDS = {"exp": 0.52, "expm1": 1.0, "tanh": 2.2, "sinh": 2.0, "cosh": 2.0, "log1p": 1.0}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_are_near_to_the_truth(lanes, name):
    rng = random.Random(name)
    low, high = (-0.999, 3.0) if name == "log1p" else (-3.0, 3.0)
    numbers = [rng.uniform(low, high) for _ in range(400)]
    numbers += [10.0 ** rng.uniform(-300, 2.8) for _ in range(100)]
    numbers += [-708.6, -720.25, -744.0] if name == "exp" else []  # subnormal results
    for x, found in zip(numbers, computed(lanes, name, numbers), strict=True):
        assert ulps(found, truth(name, x)) <= BOUNDS[name], (name, x.hex())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_telling_numbers_tell_fused_steps_and_others_and_the_truth_apart(lanes, name):
    numbers = (ctypes.c_double * 32)()
    numbers = list(numbers[: getattr(lanes, f"telling_{name}")(numbers)])
    assert len(set(map(abs, numbers))) == len(numbers) > 4
    fused = computed(lanes, name, numbers)
    unfused = computed(lanes.unfused, name, numbers)
    for x, a, b in zip(numbers, fused, unfused, strict=True):
        assert a != b
        assert a != float(truth(name, x))


def test_another_library_is_noticed(lanes):
    """Steps that do not fuse stand for one: nearly all of their results are the same."""
    if not lanes.agreeing():
        pytest.skip("the C library here has others, and is used itself")
    assert lanes.unfused.agreeing() == 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only this library can be told")
def test_the_library_of_a_processor_that_cannot_fuse_is_noticed(lanes):
    library = lanes._name
    told = subprocess.run(
        [sys.executable, "-c", f"import ctypes; print(ctypes.CDLL({library!r}).agreeing())"],
        env=os.environ | {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4"},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert int(told.stdout) == 0


def version_of_the_library():
    library, version = platform.libc_ver()
    return tuple(map(int, version.split(".")[:2])) if library == "glibc" else None


@pytest.mark.skipif(
    version_of_the_library() is None or not (2, 28) <= version_of_the_library() <= (2, 36),
    reason="another C library may compute otherwise, and is used itself then",
)
def test_the_library_they_were_written_after_agrees(lanes):
    assert lanes.agreeing() == sum(getattr(lanes, f"told_{name}")() for name in FUNCTIONS)


def test_the_tables_hold_powers_of_two():
    text = lane_tables_header()
    bits, rests = (part.partition("}")[0].split(",") for part in text.split("{")[1:])
    assert len(bits) == len(rests) == PLACES
    for i, (pattern, rest) in enumerate(zip(bits, rests, strict=True)):
        whole = int(pattern, 16) + (i << 52) // PLACES
        (power,) = struct.unpack("<d", struct.pack("<Q", whole))
        with mpmath.workprec(300):
            exact = mpmath.mpf(2) ** (mpmath.mpf(i) / PLACES)
            assert power == float(exact)
            assert float.fromhex(rest.strip()) == float((exact - power) / power)
