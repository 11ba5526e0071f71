"""The numbers that `lanes.h` looks up: powers of two, and what rounding took from them."""

import struct
from decimal import Decimal, localcontext

PLACES = 128  # between 1 and 2


def lane_tables_header() -> str:
    """A C header with 2 to the power of i/128, for i below 128, each in two tables.

    ``power_bits[i]`` are the bits of the nearest double, less those that i / 128 would take
    in an exponent: whoever adds the bits of k / 128 (k whole, its last seven bits i) has 2 to
    the power of k/128. ``power_rests[i]`` is how much larger the power is, relatively.
    """
    bits, rests = [], []
    with localcontext() as context:
        context.prec = 60
        for i in range(PLACES):
            power = Decimal(2) ** (Decimal(i) / PLACES)
            nearest = float(power)
            (pattern,) = struct.unpack("<q", struct.pack("<d", nearest))
            bits.append(f"{pattern - (i << 52) // PLACES:#x}")
            rests.append((float((power - Decimal(nearest)) / Decimal(nearest))).hex())
    return (
        "/* Printed by autograd/export/lane_tables.py; do not edit. */\n"
        "#include <stdint.h>\n\n"
        + _table("int64_t power_bits", bits)
        + "\n"
        + _table("double power_rests", rests)
    )


def _table(declared: str, numbers: list[str]) -> str:
    lines = (", ".join(numbers[i : i + 4]) for i in range(0, len(numbers), 4))
    inside = ",\n    ".join(lines)
    return f"static const {declared}[{len(numbers)}] = {{\n    {inside}}};\n"
