"""Read a text such as ``tanh(w*x + b)`` into a graph, from a whitelist; nothing is evaluated."""

import ast
import difflib
import math
import warnings
from typing import Any

from autograd import functions, ops
from autograd._select import Value
from autograd.errors import ExpressionError
from autograd.spelling import one_spelling

LONGEST = 2000  # characters; a longer text is no picture anyone could read

_BINARY = {
    ast.Add: functions.add,
    ast.Sub: functions.sub,
    ast.Mult: functions.mul,
    ast.Div: functions.div,
    ast.Pow: functions.pow,
}
_NAMES = [rule.__name__ for rule in ops.TABLE]
_FUNCTIONS = {name: getattr(functions, name) for name in _NAMES if hasattr(functions, name)}
_REDUCTIONS = {"sum", "mean", "prod", "norm", "max", "min", "logsumexp"}
del _FUNCTIONS["dot"]


def parse(text: str, /, **numbers: float) -> Value:
    """The graph of an expression: numbers, the names given, ``+ - * / **`` and the operations.

    Every name becomes a leaf labelled with it; ``pi`` and ``e`` are known, and
    ``^`` is a power. Anything else, a name without a number or a number without
    its name raises ExpressionError.

    >>> from autograd import parse
    >>> out = parse("tanh(w*x + b)", w=0.5, x=2, b=-1)
    >>> out.data, out.op
    (0.0, 'tanh')
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
    text = text.strip().replace("\0", "?").replace("^", "**")
    text = text.encode("utf-8", "replace").decode()  # lone surrogates
    try:
        with warnings.catch_warnings(action="ignore"):  # Python's advice on odd spelling
            tree = ast.parse(text, mode="eval").body
        out = _Reader(text, leaves, used).read(tree)
    except SyntaxError as error:
        at = f" at character {error.offset}" if error.offset else ""
        raise ExpressionError(f"cannot read {text!r}: {error.msg}{at}") from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is nested too deeply") from None
    spare = sorted(set(leaves) - used)
    if spare:
        raise ExpressionError(f"{', '.join(spare)} given, but not in {text!r}")
    return out if isinstance(out, Value) else Value(out)


class _Reader:
    def __init__(self, text: str, leaves: dict[str, Value], used: set[str]) -> None:
        self.text, self.leaves, self.used = text, leaves, used

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return Value(number, requires_grad=False)
            case ast.Name(id=name):
                return self.leaf(name)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.read(node.operand)
            case ast.UnaryOp(
                op=ast.USub(), operand=ast.Constant(value=int() | float() as number)
            ) if not isinstance(number, bool):
                return Value(-number, requires_grad=False)
            case ast.UnaryOp(op=ast.USub()):
                return functions.neg(self.read(node.operand))
            case ast.BinOp() if type(node.op) in _BINARY:
                return _BINARY[type(node.op)](self.read(node.left), self.read(node.right))
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS:
                return self.call(name, [self.read(argument) for argument in node.args])
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                close = difflib.get_close_matches(name, _FUNCTIONS)
                advice = f"did you mean {' or '.join(close)}" if close else ", ".join(_FUNCTIONS)
                raise ExpressionError(f"no operation is called {name!r}: {advice}")
        part = ast.get_source_segment(self.text, node) or self.text
        raise ExpressionError(
            f"{part!r} is not allowed: write numbers, names, + - * / **, "
            "and operations such as tanh(...)"
        )

    def leaf(self, name: str) -> Value:
        if name not in self.leaves and name in ("pi", "e"):
            self.leaves[name] = Value(getattr(math, name), name, requires_grad=False)
        if name not in self.leaves:
            raise ExpressionError(f"no number is given for {name!r}; add {name}=1.5 or the like")
        self.used.add(name)
        return self.leaves[name]

    def call(self, name: str, arguments: list[Any]) -> Any:
        try:
            return _FUNCTIONS[name](*([arguments] if name in _REDUCTIONS else arguments))
        except TypeError as error:
            raise ExpressionError(str(error)) from None
