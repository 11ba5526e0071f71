"""Write what follows from ops.py as text: stubs for type checkers, two pages of docs.

    python docs/make_stubs.py

Run it after a change of a rule, of the table or of the public names.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import autograd  # noqa: E402
from autograd import ops  # noqa: E402
from autograd.calculus.readable import partial_at, partial_in_cases  # noqa: E402
from autograd.calculus.simplify import call  # noqa: E402
from autograd.export.text_printer import TextPrinter  # noqa: E402

LONGEST_FORMULA = 60  # characters
LONGEST_CHEAT, CHEATS_ABREAST = 34, 3
CHEATS = """## Gates

| where | what becomes of the gradient |
|---|---|
| add gate, `x + y` | passed on to both, unchanged |
| multiply gate, `x * y` | multiplied by the *other* operand: the values change places |
| max gate, `maximum(x, y)` | all of it to the larger, 0 to the other |
| a chain | multiplied by each local derivative on the way |
| a branch: one value used twice | what comes back over the branches is added (`+=`) |

## The loop

```python
for step in range(steps):
    loss = nn.squared_error([model(x) for x in X], y)  # forward
    model.zero_grad()  # forget the old gradients: they would add up
    loss.backward()  # backward
    for p in model.parameters():
        p.data -= learning_rate * p.grad  # against the gradient
```

| to see | call |
|---|---|
| the graph with its gradients, both passes step by step | `draw(loss)`, `play(loss)` |
| the chain rule for one weight | `explain(loss, w)` |
| whether a gradient is right | `gradcheck(f, [point])` |
| how each layer fares | `nn.diagnose(model, X, y, loss)` |
| the same loss, compiled | `autograd.compile(f)` |
"""
NOTE = '"""{}\n\nWritten by docs/make_stubs.py; do not edit.\n"""\n\n'
COMPOSED = ("dot", "isfinite", "isinf", "isnan", "log_softmax", "shifted_logits", "softmax")
# What one operand may be besides numbers and Values, and what comes out.
NESTS = (
    ("list[Any]", "Nest", "list[Any]"),
    ("tuple[Any, ...]", "Nest", "tuple[Any, ...]"),
    ("Elements", "Elements", "Any"),
)


def written() -> dict[Path, str]:
    """The text of every file that is written here."""
    folder = ROOT / "autograd"
    return {
        folder / "__init__.pyi": package_stub(),
        folder / "functions" / "__init__.pyi": functions_stub(),
        folder / "support" / "methods.pyi": methods_stub(),
        ROOT / "docs" / "operations.md": operations_page(),
        ROOT / "docs" / "cheat_sheet.md": cheat_sheet_page(),
    }


def parameters(rule: ops.Rule, kinds: list[str]) -> str:
    """The operands of a rule, each with its type: ``x: Value, slope: Number = 0.01``."""
    operands = inspect.signature(rule).parameters.values()
    return ", ".join(
        f"{x.name}: {kind}" + ("" if x.default is x.empty else f" = {x.default!r}")
        for x, kind in zip(operands, kinds, strict=True)
    )


def operands_of(rule: ops.Rule) -> list[str]:
    """The names of the operands of a rule."""
    return [*inspect.signature(rule).parameters]


def overloads(rule: ops.Rule) -> Iterator[str]:
    """The types that a function of single numbers takes and gives."""
    operands = [*inspect.signature(rule).parameters.values()]
    count, needed = len(operands), sum(x.default is x.empty for x in operands)
    for place in range(needed):
        kinds = ["Number"] * place + ["Value"] + ["Number"] * (count - place - 1)
        yield f"({parameters(rule, kinds)}) -> Value"
    for kind in ("float", "Number"):
        yield f"({parameters(rule, [kind] * count)}) -> {kind}"
    for first, others, result in NESTS:
        yield f"({parameters(rule, [first, *[others] * (count - 1)])}) -> {result}"


def functions_stub() -> str:
    """``autograd/functions/__init__.pyi``."""
    protocols: dict[str, list[str]] = {}
    names = []
    for rule in ops.TABLE:
        if ops.takes_sequence(rule):
            kind = "Reduction"
        else:
            words = rule.__name__.split("_") if rule.__defaults__ else ["of", *operands_of(rule)]
            kind = "_" + "".join(map(str.capitalize, words))
            protocols[kind] = [*overloads(rule)]
        if rule.__name__ not in COMPOSED:
            names.append(f"{rule.__name__}: {kind}\n")
    lines = [
        NOTE.format("Every operation as a function: see `__init__.py`."),
        "from typing import Any, Protocol, overload\n\n",
        "from autograd.engines.select import Value\n",
        "from autograd.functions.composed import (\n",
        *(f"    {name} as {name},\n" for name in COMPOSED),
        ")\n",
        "from autograd.functions.kinds import Elements, Nest, Reduction\n",
        "from autograd.value import Number\n",
    ]
    for kind, given in protocols.items():
        lines.append(f"\nclass {kind}(Protocol):\n")
        for types in given:
            lines += ["    @overload\n", f"    def __call__(self, {types[1:]}: ...\n"]
    return "".join([*lines, "\n", *names])


def methods_stub() -> str:
    """``autograd/support/methods.pyi``."""
    lines = [
        NOTE.format("The operations that Values have as methods; made in a loop in `value.py`."),
        "from typing import Generic, Self, TypeVar\n\n",
        'Operand = TypeVar("Operand")  # another Value\n\n',
        "class Methods(Generic[Operand]):\n",
        "    __slots__ = ()\n",
    ]
    for name, rule in ops.methods().items():
        _, *others = operands_of(rule)
        given = parameters(rule, ["Self", *["Operand | float"] * len(others)])
        given = ", ".join(["self", *given.split(", ")[1:]])
        lines.append(f"    def {name}({given}) -> Self: ...\n")
    return "".join(lines)


def package_stub() -> str:
    """``autograd/__init__.pyi``."""
    lines = [
        NOTE.format("The public names: see `__init__.py`."),
        "from autograd import errors as errors\nfrom autograd import ops as ops\n",
    ]
    modules = {**autograd._NOW, **autograd._LATER}
    for module in sorted(modules):
        names = "".join(f"    {name} as {name},\n" for name in sorted(modules[module]))
        lines.append(f"from {module} import (\n{names})\n")
        if module == "autograd.engines.select":
            lines.append(f"from {module} import name as engine\n")
    listed = "".join(f'    "{name}",\n' for name in autograd.__all__)
    return "".join([*lines, f"\n__all__ = [\n{listed}]\n"])


def operations_page() -> str:
    """``docs/operations.md``."""
    rows = "".join(f"| {' | '.join(row)} |\n" for row in map(operation_row, ops.TABLE))
    return f"""# The operations

Each is a function of `autograd`; those of single numbers go element by element over arrays and
nested lists, and are methods of Values where no operator is. The slopes are by each operand (of a
sequence: by its first, of three), read from the rule in [`autograd/ops.py`](../autograd/ops.py) as
a textbook writes them (the rule has forms that lose
no digits): `out` is the value, … is too long to read here.

| operation | value | slopes | where it has none, it takes |
|---|---|---|---|
{rows}
This table is written by `docs/make_stubs.py`.
"""


def operation_row(rule: ops.Rule) -> list[str]:
    """The name of an operation with its operands, its value, its slopes and its kink."""
    names = operands_of(rule)
    operands, numbers = names, [0.25, 0.75, 0.5]
    if ops.takes_sequence(rule):
        names = [*names[0]]
        operands = [f"{name}{i}" for name in names for i in (1, 2, 3)]
        numbers *= len(names)
    expressions: list[ast.expr] = [ast.Name(operand, ast.Load()) for operand in operands]
    show, out = TextPrinter(), ast.Name("out", ast.Load())
    if not ops.takes_sequence(rule):
        slopes = [show(partial_in_cases(rule, i)) for i in range(len(names))]
    elif ops.TABLE[rule].chooses:
        slopes = [""]
    else:
        slopes = [show(partial_at(rule, 0, numbers, expressions, out))]
    formulas = [show(call(rule.__name__, *expressions)), *slopes]
    shown = [f"`{x}`" if 0 < len(x) <= LONGEST_FORMULA else "…" for x in formulas]
    value, *slopes = (text.replace("|", r"\|") for text in shown)
    heading = f"`{rule.__name__}({', '.join(names)})`"
    return [heading, value, ", ".join(slopes), ops.TABLE[rule].kink]


def cheat_sheet_page() -> str:
    """``docs/cheat_sheet.md``: one page to print, for the desk."""
    tables = "\n".join(
        f"**{heading}**\n\n{cheat_table(rules)}" for heading, rules in rules_by_heading().items()
    )
    return f"""# The cheat sheet

{CHEATS}
## Slopes

`out` is the value of the operation; of a sequence (of three) it is the slope by the first. … means
that elsewhere, as at an edge, it is another; what is not here has no short slope:
[all operations](operations.md).

{tables}
This page is written by `docs/make_stubs.py`.
"""


def cheat_table(rules: list[ops.Rule]) -> str:
    """Operations and their slopes, so many side by side."""
    cells = []
    for rule in rules:
        heading, _, slopes, _ = operation_row(rule)
        if len(slopes) > LONGEST_CHEAT:
            slopes = ", ".join(map(first_case, re.findall("`.+?`|…", slopes)))
        if "…" not in slopes.split(", ") and len(slopes) <= LONGEST_CHEAT:
            cells += [heading, slopes]
    cells += [""] * (-len(cells) % (2 * CHEATS_ABREAST))
    rows = [cells[i : i + 2 * CHEATS_ABREAST] for i in range(0, len(cells), 2 * CHEATS_ABREAST)]
    titles = ["operation", "slopes"] * CHEATS_ABREAST
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def first_case(slope: str) -> str:
    """The first of the cases of a slope, if it says something by itself: no mere number."""
    case, *others = slope.strip("`").split(" if ")
    if not others:
        return slope
    return "…" if re.fullmatch(r"\D?[\d.]+", case) else f"`{case}` …"


def rules_by_heading() -> dict[str, list[ops.Rule]]:
    """The operations under the headings that they have in ops.py."""
    lines = inspect.getsource(ops).splitlines()
    headings = {
        number: line.strip("# -").split(":")[0]
        for number, line in enumerate(lines, 1)
        if line.startswith("# ---")
    }
    found: dict[str, list[ops.Rule]] = {}
    for rule in ops.TABLE:
        above = max(n for n in headings if n < rule.__code__.co_firstlineno)
        found.setdefault(headings[above], []).append(rule)
    return found


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")
