"""Formulas as C: what the compiled engine computes with.

The C does the same operations in the same order as the rule in Python, with
the same functions of the C library, so that the results agree to the last bit
(compile without contraction and without fast-math). Where ``math`` does
something of its own, as in ``math.hypot``, there is no C.
"""

import ast
import math
import re
from collections.abc import Container, Mapping

from autograd.calculus.formula import Formula
from autograd.errors import FormulaError

# The functions of Python's `math` that hand their argument to the C library.
LIBRARY = {
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf",
    "erfc", "exp", "exp2", "expm1", "fabs", "fmod", "log", "log10", "log1p", "log2", "pow",
    "sin", "sinh", "sqrt", "tan", "tanh",
}  # fmt: skip
_BINARY = {"atan2", "fmod", "hypot", "pow"}
_RESERVED = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
    "enum", "extern", "float", "for", "goto", "if", "inline", "int", "larger", "long", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
    "union", "unsigned", "void", "volatile", "while", "free", "malloc", "isfinite", "isnan",
    "floor", "ceil", "INFINITY", "NAN", "NULL", *LIBRARY,
}  # fmt: skip
_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


def c_function(
    formula: Formula,
    constants: Mapping[str, float],
    known: Container[str],
    *,
    nearly: Container[str] = (),
) -> str:
    """`formula` as a static C function.

    A rule of operands becomes ``double rule_f(double x, double *d_x, ...)``, a
    rule of a sequence ``double rule_f(const double *x, ptrdiff_t n_x, double
    *partials)``. `constants` are the named numbers a rule may read, `known` the
    rules printed before that it may call, `nearly` functions of the C library that may
    differ from Python's in the last bit. FormulaError where there is no C.
    """
    return _Printer(formula, constants, known, nearly).function()


def c_update(formula: Formula) -> str:
    """A formula of an optimiser (see `nn.updates`) as a C function over all parameters.

    ``void update_f(ptrdiff_t n, double *x, const double *g, double **state,
    const double *settings)`` changes `x` and `state` in place.
    """
    return _Printer(formula, {}, ()).update()


class _Printer:
    def __init__(
        self,
        formula: Formula,
        constants: Mapping[str, float],
        known: Container[str],
        nearly: Container[str] = (),
    ) -> None:
        self.formula, self.constants, self.known = formula, constants, known
        self.nearly = nearly
        for name in [*formula.operands, *(name for names, _ in formula.steps for name in names)]:
            if name in _RESERVED or name.startswith(("d_", "n_")) or name[1:].endswith("_"):
                raise FormulaError(f"{formula.name}: {name} means something else in the C")
        self.lines: list[str] = []
        self.scalars = set() if formula.sequence else set(formula.operands)
        self.vectors = set(formula.operands) if formula.sequence else set()
        self.buffers: list[str] = []
        self.elements: dict[str, str] = {}  # the loop variable of a comprehension -> its C
        self.temporaries = 0

    def function(self) -> str:
        for names, expression in self.formula.steps:
            self.step(names, expression)
        value, *partials = self.formula.results
        self.emit(f"double value_ = {self.scalar(value)};")
        if self.formula.sequence:
            operand = self.formula.operands[0]
            sequences = "".join(f"const double *{x}, " for x in self.formula.operands)
            head = f"{sequences}ptrdiff_t n_{operand}, double *partials_"
            self.emit("ptrdiff_t filled_ = 0;")
            for partial in partials:
                if not isinstance(partial, ast.Starred):
                    raise self.no_c(partial)
                length, _ = self.vector(partial.value)
                # The caller turns to Python for what is not finite, and so to Python's error.
                self.emit(
                    f"if (filled_ + {length} > n_{operand}) {{ {self.free_all()}return NAN; }}"
                )
                self.fill("partials_ + filled_", partial.value)
                self.emit(f"filled_ += {length};")
            self.emit(f"if (filled_ != n_{operand}) {{ {self.free_all()}return NAN; }}")
        else:
            operands = self.formula.operands
            parameters = [f"double {x}" for x in operands] + [f"double *d_{x}" for x in operands]
            head = ", ".join(parameters)
            for operand, partial in zip(operands, partials, strict=True):
                self.emit(f"*d_{operand} = {self.scalar(partial)};")
        for buffer in self.buffers:
            self.emit(f"free({buffer});")
        self.emit("return value_;")
        words = set(re.findall(r"\w+", " ".join(self.lines)))
        unused = [f"(void){operand};" for operand in self.formula.operands if operand not in words]
        body = "\n".join(f"    {line}" for line in [*unused, *self.lines])
        printed = f"static inline double rule_{self.formula.name}({head})\n{{\n{body}\n}}\n"
        return printed if self.formula.sequence else printed + self.single_results()

    def single_results(self) -> str:
        """Each result alone, for expressions such as ``exp(x)[1]``."""
        name, operands = self.formula.name, self.formula.operands
        head = ", ".join(f"double {x}" for x in operands)
        given = ", ".join([*operands, *(f"partials_ + {i}" for i in range(len(operands)))])
        return (
            f"static inline double result_{name}(int position_, {head})\n{{\n"
            f"    double partials_[{len(operands)}];\n"
            f"    const double value_ = rule_{name}({given});\n"
            "    return position_ ? partials_[position_ - 1] : value_;\n}\n"
        )

    def update(self) -> str:
        name, results = self.formula.name, self.formula.results
        x, g, *others = self.formula.operands
        state, settings = others[: len(results) - 1], others[len(results) - 1 :]
        for names, expression in self.formula.steps:
            self.step(names, expression)
        for operand, result in zip([x, *state], results, strict=True):
            self.emit(f"{operand}_[i_] = {self.scalar(result)};")
        arrays = [f"double *restrict {s}_ = state_[{i}];" for i, s in enumerate(state)]
        numbers = [f"const double {s} = settings_[{i}];" for i, s in enumerate(settings)]
        locals_ = [f"double {operand} = {operand}_[i_];" for operand in [x, g, *state]]
        lines = [
            f"WIDEST static void update_{name}(ptrdiff_t n_, double *restrict {x}_,",
            f"    const double *restrict {g}_, double *const *state_, const double *settings_)",
            "{",
            *(f"    {line}" for line in [*arrays, *numbers]),
            "    for (ptrdiff_t i_ = 0; i_ < n_; i_++) {",
            *(f"        {line}" for line in [*locals_, *self.lines]),
            "    }",
            "}",
        ]
        return "\n".join(lines) + "\n"

    def emit(self, line: str) -> None:
        self.lines.append(line)

    def step(self, names: tuple[str, ...], expression: ast.expr) -> None:
        if len(names) > 1:  # a, b = rule(x)
            self.call_rule(names, expression)
        elif self.is_vector(expression):
            self.vector_step(names[0], expression)
        else:
            declared = "" if names[0] in self.scalars else "double "
            self.emit(f"{declared}{names[0]} = {self.scalar(expression)};")
            self.scalars.add(names[0])

    def call_rule(self, names: tuple[str, ...], expression: ast.expr) -> None:
        match expression:
            case ast.Call(func=ast.Name(id=rule), args=arguments) if rule in self.known:
                given = [self.scalar(argument) for argument in arguments]
                # Two steps may both drop a result into the same name, `_`.
                fresh = dict.fromkeys(name for name in names if name not in self.scalars)
                if fresh:
                    self.emit(f"double {', '.join(fresh)};")
                self.scalars.update(names)
                pointers = [f"&{name}" for name in names[1:]]
                self.emit(f"{names[0]} = rule_{rule}({', '.join([*given, *pointers])});")
                self.emit(f"(void){names[0]};")
            case _:
                raise self.no_c(expression)

    def vector_step(self, name: str, expression: ast.expr) -> None:
        if isinstance(expression, ast.Subscript):
            length, first = self.slice(expression)
            self.emit(f"const double *{name} = {first}; ptrdiff_t n_{name} = {length};")
        else:
            length, _ = self.vector(expression)
            self.emit(f"ptrdiff_t n_{name} = {length};")
            self.emit(f"double *{name} = malloc((size_t)n_{name} * sizeof(double));")
            self.emit(f"if ({name} == NULL) {{ {self.free_all()}return NAN; }}")
            self.fill(name, expression)
            self.buffers.append(name)
        self.vectors.add(name)

    def free_all(self) -> str:
        return "".join(f"free({buffer}); " for buffer in self.buffers)

    def fill(self, target: str, expression: ast.expr) -> None:
        length, element = self.vector(expression)
        self.emit(f"for (ptrdiff_t i_ = 0; i_ < {length}; i_++) ({target})[i_] = {element};")

    def is_vector(self, expression: ast.expr) -> bool:
        match expression:
            case ast.Name(id=name):
                return name in self.vectors
            case ast.ListComp() | ast.List() | ast.Subscript(slice=ast.Slice()):
                return True
            case ast.BinOp(left=ast.List()):
                return True
            case ast.Call(func=ast.Name(id="map")):
                return True
        return False

    def vector(self, expression: ast.expr) -> tuple[str, str]:
        """Its length, and its element number ``i_``, in C."""
        match expression:
            case ast.Name(id=name) if name in self.vectors:
                return self.length(name), f"{name}[i_]"
            case ast.ListComp(elt=element, generators=[generator]) if not generator.ifs:
                length, elements = self.elements_of(generator)
                self.elements.update(elements)
                before = len(self.lines)
                printed = self.scalar(element)
                if len(self.lines) != before:  # a reduction inside the loop: hoist it by hand
                    raise self.no_c(expression)
                for name in elements:
                    del self.elements[name]
                return length, printed
            case ast.Call(
                func=ast.Name(id="map"),
                args=[ast.Attribute(value=ast.Name(id="operator"), attr="mul"), left, right],
            ):
                length, a = self.vector(left)
                _, b = self.vector(right)
                return length, f"{a} * {b}"
            case ast.BinOp(left=ast.List(elts=[element]), op=ast.Mult(), right=count):
                return self.integer(count), self.scalar(element)
        raise self.no_c(expression)

    def elements_of(self, generator: ast.comprehension) -> tuple[str, dict[str, str]]:
        """The length of ``for a in x`` or ``for a, b in zip(x, y)``, and what the names mean."""
        match generator:
            case ast.comprehension(target=ast.Name(id=name), iter=vector):
                length, source = self.vector(vector)
                return length, {name: source}
            case ast.comprehension(
                target=ast.Tuple(elts=[ast.Name(id=a), ast.Name(id=b)]),
                iter=ast.Call(func=ast.Name(id="zip"), args=[left, right]),
            ):
                length, source = self.vector(left)
                return length, {a: source, b: self.vector(right)[1]}
        raise self.no_c(generator.iter)

    def slice(self, expression: ast.Subscript) -> tuple[str, str]:
        match expression:
            case ast.Subscript(
                value=ast.Name(id=name), slice=ast.Slice(lower=lower, upper=upper, step=None)
            ) if name in self.vectors:
                length = self.length(name)
                start = "0" if lower is None else self.integer(lower)
                stop = length if upper is None else self.integer(upper)
                if {start, stop} - {"0", f"({length} / 2)", length}:
                    raise self.no_c(expression)  # it might reach beyond the ends
                return f"({stop} - {start})", f"{name} + {start}"
        raise self.no_c(expression)

    def length(self, name: str) -> str:
        operands = self.formula.operands
        return f"n_{operands[0] if name in operands else name}"  # operands are of one length

    def integer(self, expression: ast.expr) -> str:
        match expression:
            case ast.Constant(value=int() as number):
                return str(number)
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
                return self.length(name)
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return f"({self.integer(left)} / {self.integer(right)})"
        raise self.no_c(expression)

    def scalar(self, expression: ast.expr) -> str:
        match expression:
            case ast.Constant(value=int() | float() as number):
                return _literal(number)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
                return _literal(-number)
            case ast.Name(id=name):
                return self.named(name)
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if isinstance(
                getattr(math, name, None), float
            ):
                return _literal(getattr(math, name))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.scalar(operand)})"
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return f"pow({self.scalar(left)}, {self.scalar(right)})"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return f"({self.scalar(left)} {_OPERATORS[type(op)]} {self.scalar(right)})"
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return f"({self.scalar(left)} {_OPERATORS[type(op)]} {self.scalar(right)})"
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return f"({self.truth(test)} ? {self.scalar(body)} : {self.scalar(orelse)})"
            case ast.Call():
                return self.call(expression)
            case ast.Subscript(
                value=ast.Call(func=ast.Name(id=rule), args=arguments),
                slice=ast.Constant(value=int() as position),
            ) if rule in self.known:
                given = ", ".join([str(position), *map(self.scalar, arguments)])
                return f"result_{rule}({given})"
        raise self.no_c(expression)

    def named(self, name: str) -> str:
        if name in self.elements:
            return self.elements[name]
        if name in self.scalars:
            return name
        if name in self.constants:
            return _literal(self.constants[name])
        raise FormulaError(f"{self.formula.name}: {name} is not known in C")

    def truth(self, test: ast.expr) -> str:
        return (
            self.scalar(test)
            if isinstance(test, ast.Compare | ast.Call)
            else f"({self.scalar(test)} != 0.0)"
        )

    def call(self, expression: ast.Call) -> str:
        match expression:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="math"), attr="isfinite"), args=[x]):
                return f"isfinite({self.scalar(x)})"
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="math"), attr="floor" | "ceil" as name),
                args=[x],
            ):  # Python's give an int, which has no -0
                return f"({name}({self.scalar(x)}) + 0.0)"
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="math"), attr=name), args=arguments
            ) if (name in LIBRARY or name in self.nearly) and len(arguments) == (
                2 if name in _BINARY else 1
            ):
                return f"{name}({', '.join(map(self.scalar, arguments))})"
            case ast.Call(func=ast.Name(id="len"), args=[_]):
                return f"(double){self.integer(expression)}"
            case ast.Call(func=ast.Name(id="_total" | "_largest" as name), args=[terms]):
                return self.reduction(name, terms)
            case ast.Call(func=ast.Name(id="_others"), args=[terms]):
                length, element = self.vector(terms)
                place = self.place_of_largest(length, element)
                return self.reduced("0.0", length, f"if (i_ != {place}) {{}} += {element};")
            case ast.Call(func=ast.Name(id="_at_largest"), args=[terms, others]):
                length, element = self.vector(terms)
                place = self.place_of_largest(length, element)
                other = self.vector(others)[1]
                return self.reduced("0.0", length, f"if (i_ == {place}) {{}} = {other};")
        raise self.no_c(expression)

    def reduction(self, name: str, terms: ast.expr) -> str:
        length, element = self.vector(terms)
        if name == "_total":
            return self.reduced("0.0", length, f"{{}} += {element};")
        return self.reduced("-INFINITY", length, f"{{}} = larger({{}}, {element});")

    def reduced(self, start: str, length: str, update: str) -> str:
        """The name of what a loop makes of `start`; `{}` in its body stands for that name."""
        result = f"reduced{self.temporaries}_"
        self.temporaries += 1
        self.emit(f"double {result} = {start};")
        body = update.replace("{}", result)
        self.emit(f"for (ptrdiff_t i_ = 0; i_ < {length}; i_++) {{ {body} }}")
        return result

    def place_of_largest(self, length: str, element: str) -> str:
        """The name of the place of the first largest element."""
        largest = self.reduced("-INFINITY", length, f"{{}} = larger({{}}, {element});")
        return self.reduced("-1.0", length, f"if ({{}} < 0.0 && {element} >= {largest}) {{}} = i_;")

    def no_c(self, expression: ast.expr) -> FormulaError:
        return FormulaError(f"{self.formula.name}: no C for {ast.unparse(expression)}")


def _literal(number: float) -> str:
    number = float(number)
    if math.isfinite(number):
        return repr(number)
    return "NAN" if math.isnan(number) else ("INFINITY" if number > 0.0 else "(-INFINITY)")
