"""The C headers of the compiled engine: every rule, and what follows from it, found by number."""

import ast
from collections.abc import Container, Iterator, Mapping

from autograd.calculus.differentiate import (
    derived_formula,
    has_kink,
    source_of,
    tangent_formula,
    zero_partials,
)
from autograd.calculus.formula import Formula, read_formulas
from autograd.calculus.rule_names import DerivedName
from autograd.errors import FormulaError
from autograd.export.c_printer import c_function, c_update

_PREAMBLE = """\
/* Printed by autograd/export/c_headers.py from the rules; do not edit. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

/* The larger of two, the first of equals; nan if there is one. */
static inline double larger(double a, double b)
{
    return b > a || isnan(b) ? b : a;
}
"""
_ARGUMENTS = {
    "unary": ("double x, double *d_x", "x, d_x"),
    "binary": ("double x, double y, double *d_x, double *d_y", "x, y, d_x, d_y"),
    "sequence": ("const double *x, ptrdiff_t n, double *partials", "x, n, partials"),
}


def rules_header(
    source: str,
    constants: Mapping[str, float],
    choices: Mapping[str, Container[int]] | None = None,
) -> str:
    """A C header with every rule of `source` that has C, and tables to find them by number.

    ``rule_names[id]`` and ``rule_kinds[id]`` ('u', 'b' or 's') describe rule
    number ``id``, counted from 1; ``unary_rule``, ``binary_rule`` and
    ``sequence_rule`` compute it. After the rules come those derived from them,
    whose values are their partials: ``derived_rules[id]`` says which, or how
    else to find a partial (see `_Header.derived`); ``sequence_tangent`` gives
    the tangents of the partials of a sequence, and is 1; 2 where they are always
    0, and 0 where there is no C.
    ``choosing_rules[id]`` has a bit for each operand that `choices` names (the
    highest for all from the eighth on); ``kinked_rules[id]`` is 1 for a rule
    with a kink whose slope is no limit (see `ops.KINK`).
    """
    header = _Header(read_formulas(source), constants)
    header.add_all()
    own = len(header.kinds)
    for name in list(header.kinds):
        header.derive(header.formulas[name])
    return header.text(own, choices or {})


def replay_header(source: str, constants: Mapping[str, float]) -> str:
    """A C header with every rule of `source` that has C, for the replay of programs.

    It prints the functions of `rules_header`, those of three operands too, and lists that
    a macro is applied to: ``UNARY_RULES(X)`` is ``X(5, neg) X(6, abs) ...``, with the
    number of the rule and its name. ``refusing_rules[number]`` is 1 where Python raises
    an error for some operands: the C gives something that is not finite there.
    """
    header = _Header(read_formulas(source), constants, kinds=_KINDS | {3: "ternary"})
    header.add_all()
    for name in list(header.kinds):
        header.derive(header.formulas[name])
    return header.lists()


_KINDS = {1: "unary", 2: "binary"}


class _Header:
    def __init__(
        self,
        formulas: dict[str, Formula],
        constants: Mapping[str, float],
        kinds: Mapping[int, str] = _KINDS,
    ) -> None:
        self.formulas, self.constants, self.kinds_by_operands = formulas, constants, kinds
        self.kinds: dict[str, str] = {}
        self.functions: list[str] = []
        self.derived: dict[str, list[str]] = {}  # as C: a rule, or one of the names below
        self.tangents: dict[str, str] = {}  # of a sequence: the case of a switch

    def find(self, name: str) -> Formula:
        """The formula of a rule, or of one derived from it."""
        if name not in self.formulas:
            if not isinstance(name, DerivedName):
                raise FormulaError(f"{name} is no rule")
            formula = self.find(name.base)
            position = formula.operands.index(name.operand)
            self.formulas[name] = derived_formula(formula, position, self.find)
        return self.formulas[name]

    def add_all(self) -> None:
        """Print every rule; in C, those that others call come first."""
        waiting = list(self.formulas.values())
        while waiting:
            ready = [f for f in waiting if not _called(f) & {other.name for other in waiting}]
            for formula in ready or waiting:
                self.add(formula)
            waiting = [f for f in waiting if ready and f not in ready]

    def add(self, formula: Formula) -> bool:
        """Print a rule; false where there is no C."""
        known = self.kinds_by_operands.get(len(formula.operands))
        kind = "sequence" if formula.sequence else known
        if kind is None:  # rules of more operands run in Python
            return False
        try:
            self.functions.append(c_function(formula, self.constants, set(self.kinds)))
        except FormulaError:
            return False
        self.kinds[formula.name] = kind
        return True

    def derive(self, formula: Formula) -> None:
        """Print what follows from a rule."""
        if formula.sequence:
            self.add_tangent(formula)
            return
        self.derived[formula.name] = []
        for operand, name in enumerate(formula.operands):
            partial = source_of(formula, operand)
            how = "UNKNOWN"
            if partial.number is not None:
                how = "NUMBER"
            elif partial.operand is not None:
                how = ("OPERAND_A", "OPERAND_B")[partial.operand]
            elif partial.is_value:
                how = "ITSELF"
            elif self.add_derived(derived := DerivedName(formula.name, name)):
                how = f"RULE_{derived}"
            self.derived[formula.name].append(how)

    def add_derived(self, name: DerivedName) -> bool:
        try:
            return self.add(self.find(name))
        except FormulaError:
            return False

    def add_tangent(self, formula: Formula) -> None:
        try:
            tangent = tangent_formula(formula, self.find)
        except FormulaError:
            return
        if tangent is None:
            loop = "for (ptrdiff_t i = 0; i < n; i++) changes[i] = 0.0;"
            self.tangents[formula.name] = f"{loop} return 2;"
            return
        try:
            self.functions.append(c_function(tangent, self.constants, set(self.kinds)))
        except FormulaError:
            return
        call = f"rule_{tangent.name}(x, x_dot, n, changes)"
        self.tangents[formula.name] = f"return {call} == 0.0;"

    def masks(self, choices: Mapping[str, Container[int]]) -> Iterator[int]:
        """For each rule, the operands it may not take; a rule derived from a choice is one.

        Nor does a derived rule take an operand that it does not depend on.
        """
        for name in self.kinds:
            base = name
            while base not in choices and isinstance(base, DerivedName):
                base = base.base
            unused = zero_partials(self.formulas[name])
            chosen = choices.get(name, range(8) if base in choices else unused)
            yield sum(1 << i for i in range(8) if i in chosen)

    def text(self, own: int, choices: Mapping[str, Container[int]]) -> str:
        """The whole header, `own` of whose rules are in the source itself."""
        names = ", ".join(f'"{name}"' for name in self.kinds)
        kinds = "".join(kind[0] for kind in self.kinds.values())
        numbers = {name: number for number, name in enumerate(self.kinds, start=1)}
        parts = [_PREAMBLE, *self.functions]
        parts += [f"#define RULE_{name} {number}" for name, number in numbers.items()]
        parts.append(f"static const int rule_count = {len(self.kinds)}, own_rule_count = {own};")
        parts.append(f'static const char *const rule_names[] = {{"", {names}}};')
        parts.append(f'static const char rule_kinds[] = " {kinds}";')
        masks = ", ".join(map(str, self.masks(choices)))
        parts.append(f"static const unsigned char choosing_rules[256] = {{0, {masks}}};")
        kinked = ", ".join(str(int(has_kink(self.formulas[n], self.find))) for n in self.kinds)
        parts.append(f"static const unsigned char kinked_rules[256] = {{0, {kinked}}};")
        for kind, (parameters, given) in _ARGUMENTS.items():
            cases = "\n".join(
                f"    case {numbers[name]}: return rule_{name}({given});"
                for name, own_kind in self.kinds.items()
                if own_kind == kind
            )
            parts.append(
                f"static inline double {kind}_rule(int id, {parameters})\n{{\n    switch (id) {{\n"
                f"{cases}\n    default: return NAN;\n    }}\n}}\n"
            )
        rows = "\n".join(
            f"    [{numbers[name]}] = {{{', '.join(how)}}}," for name, how in self.derived.items()
        )
        parts.append(_DERIVED.format(rows=rows))
        cases = "\n".join(
            f"    case {numbers[name]}: {case}" for name, case in self.tangents.items()
        )
        parts.append(_TANGENTS.format(cases=cases))
        return "\n".join(parts) + "\n"

    def lists(self) -> str:
        """The functions, and the lists of their names by kind."""
        numbers = {name: number for number, name in enumerate(self.kinds, start=1)}
        parts = [_PREAMBLE, *self.functions]
        parts += [f"#define RULE_{name} {number}" for name, number in numbers.items()]
        for kind in dict.fromkeys((*self.kinds_by_operands.values(), "sequence")):
            own = [f"X({numbers[name]}, {name})" for name in self.kinds if self.kinds[name] == kind]
            parts.append(f"#define {kind.upper()}_RULES(X) {' '.join(own)}")
        refusing = ", ".join(str(int(_may_refuse(self.formulas[name]))) for name in self.kinds)
        parts.append(f"#define REFUSING_RULES 0, {refusing}")
        return "\n".join(parts) + "\n"


def _may_refuse(formula: Formula) -> bool:
    """Whether Python may raise an error: it divides, takes a power or calls a function."""
    return any(
        _refuses(node)
        for expression in [*(expression for _, expression in formula.steps), *formula.results]
        for node in ast.walk(expression)
    )


def _refuses(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="fabs" | "isfinite")):
            return False
        case ast.Call(func=ast.Name(id="len" | "map" | "_total" | "_largest")):
            return False
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=float() as number)):
            return number == 0.0
        case ast.Call() | ast.BinOp(op=ast.Div() | ast.Pow()):
            return True
    return False


def _called(formula: Formula) -> set[str]:
    """The names of the functions that `formula` calls."""
    expressions = [*(expression for _, expression in formula.steps), *formula.results]
    nodes = [node for expression in expressions for node in ast.walk(expression)]
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    return {called.id for called in calls if isinstance(called, ast.Name)}


_DERIVED = """\
/* How to find a partial, where it is not the number of a rule. */
enum {{ UNKNOWN = 0, NUMBER = -1, ITSELF = -2, OPERAND_A = -3, OPERAND_B = -4 }};
static const short derived_rules[256][2] = {{
{rows}
}};
"""
_TANGENTS = """\
static inline int sequence_tangent(
    int id, const double *x, const double *x_dot, ptrdiff_t n, double *changes)
{{
    switch (id) {{
{cases}
    default: return 0;
    }}
}}
"""


_ALL_FINITE = """\
/* Whether none of n numbers is an infinity or nan. */
WIDEST static int all_finite(ptrdiff_t n, const double *x)
{
    long long others = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        others |= -(long long)!(x[i] - x[i] == 0.0);
    return !others;
}
"""


def updates_header(source: str) -> str:
    """A C header with every formula of an optimiser in `source`, found by name."""
    formulas = read_formulas(source)
    names = ", ".join(f'"{name}"' for name in formulas)
    functions = ", ".join(f"update_{name}" for name in formulas)
    counts = ", ".join(str(len(formula.results) - 1) for formula in formulas.values())
    return "\n".join(
        [
            "/* Printed by autograd/export/c_headers.py from nn/updates.py; do not edit. */",
            "#include <math.h>",
            "#include <stddef.h>",
            "#if defined(_MSC_VER)",
            "#define restrict __restrict",
            "#endif",
            "/* One build for each set of vector instructions; which one runs is decided here. */",
            "#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)",
            '#define WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))',
            "#else",
            "#define WIDEST",
            "#endif",
            _ALL_FINITE,
            *(c_update(formula) for formula in formulas.values()),
            f"static const int update_count = {len(formulas)};",
            f"static const char *const update_names[] = {{{names}}};",
            f"static const int update_memory[] = {{{counts}}};",
            "typedef void (*Update)(",
            "    ptrdiff_t, double *, const double *, double *const *, const double *);",
            f"static const Update update_functions[] = {{{functions}}};",
            "",
        ]
    )
