"""Rules as expression trees: the only reader of the source of rules.

A rule (see `ops.py`) is straight-line code, so its source says everything: a
Formula is its operands, its steps and its results, as trees of Python's own
``ast``, checked to hold nothing that a printer for another language could not
write. Rules over sequences may also slice, map and add up.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from autograd import ops
from autograd.calculus.rule_names import is_own, kept_by_rule
from autograd.errors import FormulaError

SCALAR = (ast.Constant, ast.Name, ast.BinOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.Call,
          ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.Attribute,
          ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Load)  # fmt: skip
SEQUENCE = (*SCALAR, ast.List, ast.ListComp, ast.comprehension, ast.Store, ast.Starred,
            ast.Subscript, ast.Slice, ast.FloorDiv)  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """One rule: `steps` name intermediate results, `results` are the value and its partials."""

    name: str
    operands: tuple[str, ...]
    sequence: bool  # one operand that stands for any number of them
    steps: tuple[tuple[tuple[str, ...], ast.expr], ...]  # names = expression
    results: tuple[ast.expr, ...]


def formula_for(rule: ops.Rule) -> Formula:
    """The formula of a rule, of `ops` or of a user; FormulaError if its source cannot be read."""
    return _own_formulas()[rule.__name__] if is_own(rule) else _formula_of_user(rule)


@cache
def _own_formulas() -> dict[str, Formula]:
    return read_formulas(inspect.getsource(ops))


@kept_by_rule
def _formula_of_user(rule: ops.Rule) -> Formula:
    made_from: Formula | None = getattr(rule, "formula", None)
    if made_from is not None:
        return made_from
    try:
        source = textwrap.dedent(inspect.getsource(rule))
    except (OSError, TypeError):
        raise FormulaError(
            f"the source of rule {rule.__name__} cannot be read: define it with def, in a file "
            "or a notebook cell (Python's own prompt keeps the source from version 3.13 on)"
        ) from None
    [function] = ast.parse(source).body
    if not isinstance(function, ast.FunctionDef):
        raise FormulaError(f"rule {rule.__name__} is no function defined with def")
    return formula_of(function)


def read_formulas(source: str) -> dict[str, Formula]:
    """The formula of every public function in `source` that has one, by name."""
    formulas = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            try:
                formulas[node.name] = formula_of(node)
            except FormulaError:
                continue
    return formulas


def formula_of(function: ast.FunctionDef) -> Formula:
    """The formula of one function definition; FormulaError says which line has none."""
    arguments = function.args
    sequence = arguments.vararg is not None
    names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    if not names and not sequence:
        raise _error(function, function, "takes operands x, y, ... or one sequence *x")
    if arguments.kwonlyargs or arguments.kwarg or (sequence and names):
        raise _error(function, function, "takes operands x, y, ... or one sequence *x")
    if arguments.vararg is not None:
        names = [arguments.vararg.arg]
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]  # the docstring
    body = [statement for statement in body if not _imports_math(statement)]
    if not body:
        raise _error(function, function, "ends with one return: the value, then its partials")
    steps = [step for statement in body[:-1] for step in _steps(function, statement)]
    last = body[-1]
    if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Tuple):
        raise _error(function, last, "ends with one return: the value, then its partials")
    results = tuple(last.value.elts)
    for expression in [*(expression for _, expression in steps), *results]:
        _check(function, expression, SEQUENCE if sequence else SCALAR)
    return Formula(function.name, tuple(names), sequence, tuple(steps), results)


def _imports_math(statement: ast.stmt) -> bool:
    """Whether this is ``import math``, which every reader of a formula has done already."""
    match statement:
        case ast.Import(names=[ast.alias(name="math", asname=None)]):
            return True
    return False


def _steps(
    function: ast.FunctionDef, statement: ast.stmt
) -> Iterator[tuple[tuple[str, ...], ast.expr]]:
    """``a = ...``, ``a, b = rule(...)`` or ``a, b = ..., ...``."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield (name,), value
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            targets = _names(function, names)
            read = {n.id for value in values for n in ast.walk(value) if isinstance(n, ast.Name)}
            if len(targets) != len(values) or read & set(targets):
                raise _error(function, statement, "assigns as many values as names, not swapped")
            for name, value in zip(targets, values, strict=True):
                yield (name,), value
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Call() as call):
            yield _names(function, names), call
        case ast.Import() | ast.ImportFrom():
            raise _error(
                function, statement, "imports nothing but math: write `import math`, then math.exp"
            )
        case _:
            raise _error(function, statement, "is made of assignments and one return")


def _names(function: ast.FunctionDef, targets: list[ast.expr]) -> tuple[str, ...]:
    if not all(isinstance(target, ast.Name) for target in targets):
        raise _error(function, targets[0], "assigns to plain names")
    return tuple(target.id for target in targets if isinstance(target, ast.Name))


def _check(
    function: ast.FunctionDef, expression: ast.expr, allowed: tuple[type[ast.AST], ...]
) -> None:
    for node in ast.walk(expression):
        number = not isinstance(node, ast.Constant) or type(node.value) in (int, float)
        if not isinstance(node, allowed) or not number:
            raise _error(
                function, expression, f"has no {type(node).__name__}" if number else "holds numbers"
            )


def _error(function: ast.FunctionDef, node: ast.AST, rule: str) -> FormulaError:
    line = getattr(node, "lineno", function.lineno)
    [source, *_] = ast.unparse(node).splitlines()
    return FormulaError(f"{function.name}, line {line}: a formula {rule}: {source}")
