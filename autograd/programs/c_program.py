"""A tape as one file of C99: what runs where there is no Python."""

import ast
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from autograd import ops
from autograd.calculus.derived_rules import HELPERS, called_rule, names_of
from autograd.calculus.formula import Formula, formula_for
from autograd.errors import FormulaError
from autograd.export.c_printer import c_function
from autograd.programs.generated import wanted_slots
from autograd.programs.many_slots import moved
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Instruction, Tape

_HEAD = """\
/* {name}: {count} inputs, {leaves} leaves, {outputs} outputs. Printed by chainrule.
 *
 *   void {name}_value(const double *inputs, const double *leaves,
 *                     double *outputs, double *work)
 *   void {name}_value_and_gradient(const double *inputs, const double *leaves,
 *                     const double *upstream, double *outputs,
 *                     double *by_inputs, double *by_leaves, double *work)
 *
 * `upstream` has one number for each output, 1.0 for a single one. `by_inputs` and `by_leaves`
 * are overwritten. `work` is room for {upper}_WORK doubles; nothing is allocated, nothing kept.
 * Where Python raises an error, as for the logarithm of -1, the C gives nan or an infinity.
 * Compile with -ffp-contract=off for the very bits of Python, and link with -lm.
 *
 * Leaves, in their order:{order}
 */
#include <math.h>
#include <stddef.h>

#define {upper}_WORK {work}
"""
_LARGER = """\
/* The larger of two, the first of equals; nan if there is one. */
static inline double larger(double a, double b)
{
    return b > a || isnan(b) ? b : a;
}
"""
_LOG_SOFTMAX = """\
static void log_softmax(const double *x, ptrdiff_t n, double *out, double *kept)
{
    ptrdiff_t place = 0;
    for (ptrdiff_t i = 1; i < n; i++) if (x[i] > x[place]) place = i;
    double total = 0.0, others = 0.0;
    for (ptrdiff_t i = 0; i < n; i++) {
        out[i] = i == place ? 0.0 : x[i] - x[place];
        kept[1 + i] = exp(out[i]);
        total += kept[1 + i];
        if (i != place) others += kept[1 + i];
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        out[i] -= log1p(others);
        kept[1 + i] /= total;
    }
    kept[0] = (double)place;
}
"""


def c_source(tape: Tape, name: str = "program", leaves: Sequence[str] = ()) -> str:
    """The C of an optimised `tape`: the functions NAME_value and NAME_value_and_gradient.

    ValueError for a name that is none in C; FormulaError for an operation of one's own
    whose formula cannot be read.
    """
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise ValueError(f"{name!r} is no name in C: letters, digits and _, a letter first")
    tape = _without_missing(tape)
    printer = _Printer(tape)
    body = printer.functions(name)
    order = "".join(f"\n *   {i}: {leaf}" for i, leaf in enumerate(leaves[:100]))
    head = _HEAD.format(
        name=name, upper=name.upper(), count=tape.inputs, leaves=tape.leaves,
        outputs=len(tape.outputs), work=2 * tape.slots + printer.kept + printer.gathered + 1,
        order=order.replace("*/", "* /") or " none with a name",
    )  # fmt: skip
    parts = [head, _LARGER if "larger(" in "".join(printer.rules.values()) else ""]
    if any(instruction.op == LOG_SOFTMAX for instruction in tape.instructions):
        parts.append(_LOG_SOFTMAX)
    return "\n".join([*filter(None, parts), *printer.rules.values(), *printer.tables, body])


def _without_missing(tape: Tape) -> Tape:
    """The tape with what has no C of its own in terms of what has: prod, and norm."""
    if not any(each.op in _PAIRS for each in tape.instructions):
        return tape
    place = list(range(tape.first_result))
    instructions: list[Instruction] = []
    fixed: set[int] = set()

    def add(op: str, operands: tuple[int, ...], count: int, old: int) -> int:
        last = instructions[-1] if instructions else None
        first = last.first + last.count if last else tape.first_result
        instructions.append(Instruction(op, operands, first, count))
        fixed.update(first + i for i in range(count) if old + i in tape.fixed)
        return first

    for each in tape.instructions:
        if each.op not in _PAIRS:
            first = add(each.op, moved(place, each.operands), each.count, each.first)
            place.extend(range(first, first + each.count))
            continue
        pair, alone = _PAIRS[each.op]
        for position in range(each.count):
            slot = each.first + position
            result, *others = moved(place, each.operands_of(position))
            if not others:
                for op in alone:
                    result = add(op, (result,), 1, slot)
            for other in others:
                result = add(pair, (result, other), 1, slot)
            place.append(result)
    return replace(
        tape,
        instructions=tuple(instructions),
        outputs=moved(place, tape.outputs),
        fixed=frozenset(fixed),
        hoisted=0,
    )


# What makes one number of two, and what a single number becomes.
_PAIRS = {"prod": ("mul", ("neg", "neg")), "norm": ("hypot", ("abs",))}


class _Printer:
    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.rules: dict[str, str] = {}  # the C of every rule that is called, in order
        self.tables: list[str] = []
        self._known_tables: dict[tuple[int, ...], str] = {}
        self.kept = 0  # numbers that backward needs
        self.gathered = 0  # the most numbers that are gathered for one call
        self.kept_at: dict[int, int] = {}
        self.wanted = wanted_slots(tape, by_leaves=True, by_inputs=True)
        for instruction in tape.instructions:
            if instruction.op not in (MATRIX, LOG_SOFTMAX, *_WRITTEN):
                self.add_rule(instruction.op, tape.rule(instruction.op))
            self.kept_at[instruction.first] = self.kept
            if instruction.op == LOG_SOFTMAX:
                self.kept += 1 + instruction.count
            elif instruction.op not in (MATRIX, "dot", *_WRITTEN):
                self.kept += instruction.count * instruction.width

    def add_rule(self, called: str, rule: ops.Rule) -> None:
        """Print `rule`, after those that it calls."""
        if called in self.rules:
            return
        formula = formula_for(rule)
        for name in _called(formula):
            self.add_rule(name, called_rule(name))
        names = names_of(rule) if hasattr(rule, "__globals__") else {}
        names = {**vars(ops), **names}
        constants = {n: x for n, x in names.items() if isinstance(x, float)}
        formula = Formula(
            _spelled(called), formula.operands, formula.sequence, formula.steps, formula.results
        )
        text = c_function(formula, constants, set(self.rules), nearly={"hypot"})
        self.rules[called] = _without_allocation(text, called)

    def functions(self, name: str) -> str:
        tape = self.tape
        first = tape.inputs + tape.leaves
        setup = [
            "    double *v = work;",
            *self._copied("v", 0, "inputs", tape.inputs),
            *self._copied("v", tape.inputs, "leaves", tape.leaves),
            *[f"    v[{first + i}] = {_literal(x)};" for i, x in enumerate(tape.constants)],
        ]
        forward = [f"    {line}" for each in tape.instructions for line in self.forward(each)]
        outputs = [f"    outputs[{i}] = v[{slot}];" for i, slot in enumerate(tape.outputs)]
        values = [
            f"static void {name}_forward(",
            "    const double *inputs, const double *leaves, double *work)",
            "{",
            *setup,
            f"    double *d = work + {2 * tape.slots};",
            "    (void)d; (void)inputs; (void)leaves;",
            *forward,
            "}",
            "",
            f"void {name}_value(",
            "    const double *inputs, const double *leaves, double *outputs, double *work)",
            "{",
            f"    {name}_forward(inputs, leaves, work);",
            "    const double *v = work;",
            "    (void)v;",
            *outputs,
            "}",
            "",
        ]
        passed = [
            f"    {line}" for each in reversed(tape.instructions) for line in self.backward(each)
        ]
        gradient = [
            f"void {name}_value_and_gradient(const double *inputs, const double *leaves,",
            "    const double *upstream, double *outputs, double *by_inputs, double *by_leaves,",
            "    double *work)",
            "{",
            f"    {name}_forward(inputs, leaves, work);",
            f"    const double *v = work, *d = work + {2 * tape.slots};",
            f"    double *g = work + {tape.slots};",
            "    double u; (void)u; (void)v; (void)d; (void)by_inputs; (void)by_leaves;",
            f"    for (ptrdiff_t i = 0; i < {tape.slots}; i++) g[i] = 0.0;",
            *outputs,
            *[f"    g[{slot}] += upstream[{i}];" for i, slot in enumerate(tape.outputs)],
            *passed,
            *self._copied("by_inputs", 0, "g", tape.inputs),
            *self._copied("by_leaves", 0, f"g + {tape.inputs}", tape.leaves, bare=True),
            "}",
            "",
        ]
        return "\n".join([*values, *gradient])

    @staticmethod
    def _copied(to: str, at: int, source: str, count: int, *, bare: bool = False) -> list[str]:
        if not count:
            return []
        read = f"({source})[i]" if bare else f"{source}[i]"
        place = f"{at} + i" if at else "i"
        return [f"    for (ptrdiff_t i = 0; i < {count}; i++) {to}[{place}] = {read};"]

    def forward(self, instruction: Instruction) -> Iterator[str]:
        op, operands, first, count = instruction
        width, kept = instruction.width, self.kept_at[first]
        if op == MATRIX:
            weights = self.at(operands[: count * width])
            shared = self.at(operands[count * width :])
            yield f"for (ptrdiff_t i = 0; i < {count}; i++) {{"
            yield "    double total = 0.0;"
            yield (
                f"    for (ptrdiff_t j = 0; j < {width}; j++) "
                f"total += v[{weights(f'i * {width} + j')}] * v[{shared('j')}];"
            )
            yield f"    v[{first} + i] = total;"
            yield "}"
        elif op == LOG_SOFTMAX:
            yield from self._gathered(operands, count)
            yield f"log_softmax(x, {count}, v + {first}, d + {kept}); }}"
        elif count == 1:
            yield from self._one(op, operands, str(first), str(kept))
        else:
            columns = [self.at(operands[i * count : (i + 1) * count]) for i in range(width)]
            yield f"for (ptrdiff_t i = 0; i < {count}; i++) {{"
            kept_here = _plus(kept, "i" if width == 1 else f"i * {width}")
            for line in self._vector(op, columns, f"{first} + i", kept_here, width):
                yield f"    {line}"
            yield "}"

    def _gathered(self, operands: Sequence[int], count: int) -> Iterator[str]:
        """The numbers in `operands` as `x`; the block is to be closed.

        They are gathered behind what is kept, followed by room for as many partials.
        """
        self.gathered = max(self.gathered, 2 * count)
        place = self.at(operands)
        yield (
            f"{{ double *x = d + {self.kept}; "
            f"for (ptrdiff_t i = 0; i < {count}; i++) x[i] = v[{place('i')}];"
        )

    def _one(self, op: str, operands: tuple[int, ...], slot: str, kept: str) -> Iterator[str]:
        if op in _WRITTEN:
            yield f"v[{slot}] = {_WRITTEN[op].format(*[f'v[{i}]' for i in operands])};"
        elif ops.takes_sequence(self.tape.rule(op)):
            yield from self._gathered(operands, len(operands))
            keep = (
                f"double *q = x + {len(operands)};" if op == "dot" else (f"double *q = d + {kept};")
            )
            yield f"{keep} v[{slot}] = rule_{_spelled(op)}(x, {len(operands)}, q); }}"
        else:
            given = [f"v[{i}]" for i in operands]
            into = [f"d + {_plus(kept, i)}" for i in range(len(operands))]
            yield f"v[{slot}] = rule_{_spelled(op)}({', '.join([*given, *into])});"

    def _vector(
        self, op: str, columns: Sequence["_Place"], slot: str, kept: str, width: int
    ) -> Iterator[str]:
        read = [f"v[{column('i')}]" for column in columns]
        if op in _WRITTEN:
            yield f"v[{slot}] = {_WRITTEN[op].format(*read)};"
        elif ops.takes_sequence(self.tape.rule(op)):
            yield f"double x[{width}] = {{{', '.join(read)}}};"
            keep = f"double q[{width}];" if op == "dot" else f"double *q = d + {kept};"
            yield f"{keep} v[{slot}] = rule_{_spelled(op)}(x, {width}, q);"
        else:
            into = [f"d + {_plus(kept, k)}" for k in range(width)]
            yield f"v[{slot}] = rule_{_spelled(op)}({', '.join([*read, *into])});"

    def backward(self, instruction: Instruction) -> Iterator[str]:
        op, operands, first, count = instruction
        if not any(self.wanted[first : first + count]):
            return
        width, kept = instruction.width, self.kept_at[first]
        if op == MATRIX:
            weights = self.at(operands[: count * width])
            shared = self.at(operands[count * width :])
            w, x = weights(f"i * {width} + j"), shared("j")
            yield f"for (ptrdiff_t i = 0; i < {count}; i++) {{"
            yield f"    u = g[{first} + i];"
            yield f"    for (ptrdiff_t j = 0; j < {width}; j++) {{"
            yield f"        g[{w}] += u * v[{x}];"
            yield f"        g[{x}] += u * v[{w}];"
            yield "    }"
            yield "}"
            return
        if op == LOG_SOFTMAX:
            place = self.at(operands)
            yield f"{{ const ptrdiff_t top = (ptrdiff_t)d[{kept}]; double total = 0.0;"
            yield f"for (ptrdiff_t i = {count - 1}; i >= 0; i--) total -= g[{first} + i];"
            yield f"for (ptrdiff_t i = 0; i < {count}; i++) if (i != top) {{"
            yield f"    u = g[{first} + i] + total * d[{kept + 1} + i];"
            yield f"    g[{place('i')}] += u; g[{place('top')}] -= u;"
            yield "} }"
            return
        if count == 1:
            if instruction.first in self.tape.fixed:
                return
            places = [str(slot) for slot in operands]
            yield f"u = g[{first}];"
            yield from self._passed(op, operands, places, str(kept))
            return
        columns = [self.at(operands[i * count : (i + 1) * count]) for i in range(width)]
        blocked = [i for i in range(count) if first + i in self.tape.fixed]
        skip = f" if ({' && '.join(f'i != {i}' for i in blocked)})" if blocked else ""
        yield f"for (ptrdiff_t i = 0; i < {count}; i++){skip} {{"
        yield f"    u = g[{first} + i];"
        for line in self._passed(
            op,
            operands,
            [column("i") for column in columns],
            _plus(kept, "i" if width == 1 else f"i * {width}"),
        ):
            yield f"    {line}"
        yield "}"

    def _passed(
        self, op: str, operands: Sequence[int], places: Sequence[str], kept: str
    ) -> Iterator[str]:
        read = [f"v[{place}]" for place in places]
        if op == "dot" and len(operands) == len(places) > 4:
            half = len(places) // 2
            x, y = self.at(operands[:half])("j"), self.at(operands[half:])("j")
            yield f"for (ptrdiff_t j = 0; j < {half}; j++) {{"
            yield f"    g[{x}] += u * v[{y}];"
            yield f"    g[{y}] += u * v[{x}];"
            yield "}"
            return
        rest = op not in _PASSED_ON and op != "dot" and not ops.chooses(op)
        if rest and len(operands) == len(places) > 4:
            yield (
                f"for (ptrdiff_t j = 0; j < {len(places)}; j++) "
                f"g[{self.at(operands)('j')}] += u * d[{_plus(kept, 'j')}];"
            )
            return
        if op == "dot":
            half = len(places) // 2
            others = [*read[half:], *read[:half]]
            passed = [f"u * {other}" for other in others]
        elif op in _PASSED_ON:
            passed = [text.format(*read) for text in _PASSED_ON[op]]
        else:
            passed = [f"u * d[{_plus(kept, k)}]" for k in range(len(places))]
        chosen = ops.chooses(op)
        count = len(operands) // len(places)
        for k, (place, text) in enumerate(zip(places, passed, strict=True)):
            if any(self.wanted[slot] for slot in operands[k * count : (k + 1) * count]):
                # Nothing goes to the side that a choice has not taken, however steep it is.
                guard = f"if (d[{_plus(kept, k)}] != 0.0) " if chosen and k in chosen else ""
                yield f"{guard}g[{place}] += {text};"

    def at(self, slots: Sequence[int]) -> "_Place":
        """How to find one of several slots by its position among them."""
        if list(slots) == list(range(slots[0], slots[0] + len(slots))):
            return lambda i: f"{slots[0]} + {i}" if slots[0] else i
        if len(set(slots)) == 1:
            return lambda i: str(slots[0])
        key = tuple(slots)
        table = self._known_tables.get(key)
        if table is None:
            table = self._known_tables[key] = f"slots_{len(self.tables)}"
            parts = [slots[i : i + 16] for i in range(0, len(slots), 16)]
            lines = ",\n    ".join([", ".join(map(str, part)) for part in parts])
            self.tables.append(f"static const int {table}[] = {{\n    {lines}\n}};")
        return lambda i: f"{table}[{i}]"


_Place = Callable[[str], str]
_WRITTEN = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "neg": "-{}",
    "square": "{0} * {0}",
}
_PASSED_ON = {
    "add": ("u", "u"),
    "sub": ("u", "-u"),
    "mul": ("u * {1}", "u * {0}"),
    "neg": ("-u",),
    "square": ("u * (2.0 * {0})",),
}


def _called(formula: Formula) -> list[str]:
    """The rules that a formula calls."""
    trees = [*(tree for _, tree in formula.steps), *formula.results]
    return [
        node.func.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id not in HELPERS
    ]


def _plus(at: int | str, more: int | str) -> str:
    """The sum as C, without zeros."""
    terms = [str(term) for term in (at, more) if str(term) != "0"]
    return " + ".join(terms) or "0"


def _spelled(op: str) -> str:
    return re.sub(r"\W", "_", op)


def _without_allocation(text: str, op: str) -> str:
    """The C of a rule whose list of numbers is as long as its partials, and may lie there."""
    if "malloc" not in text:
        return text
    if text.count("malloc") > 1:
        raise FormulaError(f"no C without allocation for {op}")
    text = re.sub(r"malloc\([^;]*\);", "partials_;", text)
    text = re.sub(r" *if \(\w+ == NULL\) \{ return NAN; \}\n", "", text)
    return re.sub(r" *free\(\w+\);\n?", "", text)


def _literal(number: float) -> str:
    if math.isnan(number):
        return "NAN"
    if math.isinf(number):
        return "INFINITY" if number > 0.0 else "-INFINITY"
    return number.hex()
