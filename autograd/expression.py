"""Read a text such as ``tanh(w*x + b)`` into a graph, from a whitelist; nothing is evaluated."""

import ast
import keyword
import math
import re
import warnings
from typing import Any

from autograd import functions, ops
from autograd._select import Value
from autograd.errors import ExpressionError
from autograd.spelling import one_spelling, plain, spelt_out, suggested_call

LONGEST = 2000  # characters; a longer text is no picture anyone could read
LONGEST_GUESS = 5  # letters that may be a product of as many names

_CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}

_BINARY = {
    ast.Add: functions.add,
    ast.Sub: functions.sub,
    ast.Mult: functions.mul,
    ast.Div: functions.div,
    ast.Pow: functions.pow,
}
_NAMES = [rule.__name__ for rule in ops.TABLE]
OPERATIONS = {name: getattr(functions, name) for name in _NAMES if hasattr(functions, name)}
del OPERATIONS["dot"]  # of two lists, which an expression cannot hold
_ALLOWED = "write numbers, names, + - * / **, and operations such as tanh(...)"
_INSTEAD: dict[type, str] = {
    ast.Mod: "write mod(x, y) for the remainder",
    ast.FloorDiv: "write floordiv(x, y)",
    ast.IfExp: "write where(condition, x, y)",
}
_REDUCTIONS = {"sum", "mean", "prod", "norm", "max", "min", "logsumexp", "entropy"}


def parse(text: str, /, **numbers: float) -> Value:
    """The graph of an expression: numbers, the names given, ``+ - * / **`` and the operations.

    Every name becomes a leaf labelled with it; ``pi`` (or ``π``) and ``e`` are
    known, ``^`` is a power, and the signs of printed formulas for minus, times
    and divided by are read. Anything else, a name without a number or a number without its name
    raises ExpressionError, which says what to write.

    >>> from autograd import parse
    >>> out = parse("tanh(w*x + b)", w=0.5, x=2, b=-1.25)
    >>> round(out.data, 4), out.op
    (-0.2449, 'tanh')
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"the expression has {len(text)} characters, at most {LONGEST} do")
    leaves: dict[str, Value] = {}
    for given, number in numbers.items():
        name = one_spelling(given)
        if name in leaves:
            raise ExpressionError(f"{name} is given twice: {given!r} is the same name")
        leaves[name] = Value(number, name)
    used: set[str] = set()
    given = text.strip().replace("\0", "?").encode("utf-8", "replace").decode()  # surrogates
    if not given:
        raise ExpressionError("the expression is empty: write one such as tanh(w*x + b)")
    text = plain(given)
    try:
        with warnings.catch_warnings(action="ignore"):  # Python's advice on odd spelling
            tree = ast.parse(text, mode="eval").body
        out = _Reader(text, leaves, used).read(tree)
    except SyntaxError as error:
        at = f" at character {error.offset}" if error.offset else ""
        written = spelt_out(given, leaves, OPERATIONS)
        words = [word for word in re.findall(r"[^\W\d]\w*", given) if keyword.iskeyword(word)]
        advice = f"{error.msg}{at}; {_ALLOWED}"
        if written:
            advice = f"write {written}"
        elif words:
            advice = f"{words[0]!r} is a word of Python, no name can be called so"
        raise ExpressionError(f"cannot read {given!r}: {advice}") from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is nested too deeply") from None
    spare = sorted(set(leaves) - used)
    if spare:
        raise ExpressionError(f"{', '.join(spare)} given, but not in {given!r}")
    return out if isinstance(out, Value) else Value(out)


class _Reader:
    def __init__(self, text: str, leaves: dict[str, Value], used: set[str]) -> None:
        self.text, self.leaves, self.used = text, leaves, used

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=float() as number) if math.isinf(number):
                raise ExpressionError(f"{self.source(node)} is too large for a float")
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return Value(number, requires_grad=False)
            case ast.Name(id=name):
                return self.leaf(name)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.read(node.operand)
            case ast.UnaryOp(
                op=ast.USub(), operand=ast.Constant(value=int() | float() as number)
            ) if not isinstance(number, bool):
                return Value(-self.read(node.operand).data, requires_grad=False)
            case ast.UnaryOp(op=ast.USub()):
                return functions.neg(self.read(node.operand))
            case ast.BinOp() if type(node.op) in _BINARY:
                return _BINARY[type(node.op)](self.read(node.left), self.read(node.right))
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in OPERATIONS:
                return self.call(name, [self.read(argument) for argument in node.args])
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                raise ExpressionError(
                    f"no operation is called {name!r}: "
                    f"{self.written() or suggested_call(name, OPERATIONS)}"
                )
        part = self.source(node)
        advice = self.written() or _INSTEAD.get(type(getattr(node, "op", node)), _ALLOWED)
        raise ExpressionError(f"{part!r} is not allowed: {advice}")

    def source(self, node: ast.expr) -> str:
        """The text of one part."""
        return ast.get_source_segment(self.text, node) or self.text

    def written(self) -> str:
        """What to write instead of the whole text, or nothing."""
        written = spelt_out(self.text, self.leaves, OPERATIONS)
        return f"write {written}" if written else ""

    def leaf(self, name: str) -> Value:
        if name not in self.leaves and name in _CONSTANTS:
            self.leaves[name] = Value(_CONSTANTS[name], name, requires_grad=False)
        if name not in self.leaves:
            raise ExpressionError(self.unknown(name))
        self.used.add(name)
        return self.leaves[name]

    def unknown(self, name: str) -> str:
        """What to say of a name without a number."""
        if name in OPERATIONS:
            written = spelt_out(self.text, self.leaves, OPERATIONS) or f"{name}(x)"
            return f"no number is given for {name!r}, which is an operation: write {written}"
        letters = name if len(name) < LONGEST_GUESS and name.isalpha() else ""
        written = spelt_out(self.text, {*self.leaves, *letters}, OPERATIONS)
        return f"no number is given for {name!r}; add {name}=1.5 or the like" + (
            f", or write {written}" if written else ""
        )

    def call(self, name: str, arguments: list[Any]) -> Any:
        try:
            return OPERATIONS[name](*([arguments] if name in _REDUCTIONS else arguments))
        except TypeError as error:
            base = "; to another base it is log(x)/log(2)" if name == "log" else ""
            raise ExpressionError(f"{error}{base}") from None
