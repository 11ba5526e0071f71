"""What a person wrote who meant an expression: ``3x``, ``sin x``, ``ln(x)``, ``x²``, ``y = 2x``.

Texts that mean one thing only are read (`plain`); for the others `spelt_out` says what to write.
"""

# ruff: noqa: RUF001 - formulas have signs of their own

import ast
import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable

from autograd import ops

# Signs of printed formulas, and what is typed for them.
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "∕": "/"})
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_FRACTION = re.compile("[¼-¾⅐-⅞]")
_INVERSE = re.compile(r"\b(sin|cos|tan|sinh|cosh|tanh)\s*\*\*\s*(?:-1\b|\(-1\))")
_CALLED = {
    name: rule.__name__
    for rule, facts in ops.TABLE.items()
    for name in (*facts.numpy.split(), *facts.also.split())
}
_LISTS = {
    "softmax": "softmax gives several numbers, an expression is one: "
    "write exp(x)/(exp(x) + exp(y))",
    "log_softmax": "log_softmax gives several numbers, an expression is one: "
    "write x - logsumexp(x, y)",
    "dot": "dot takes two lists: write the sum of the products, as x*u + y*v",
}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)"
    r"|(?P<mark>\*\*|[-+*/(),]))"
)
_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.UAdd, ast.USub,
)  # fmt: skip

LONGEST_PRODUCT = 16  # characters

_Token = tuple[str, str]  # the kind (number, name, operation, mark) and the text


def plain(text: str) -> str:
    """The text with the signs of Python for those that mean the same in print."""
    return text.translate(_SIGNS).replace("^", "**")


def suggested_call(name: str, operations: Collection[str]) -> str:
    """What is written for an operation of that name."""
    if name in _LISTS:
        return _LISTS[name]
    meant = _operation(name, operations)
    if meant:
        return f"write {meant}(...)"
    close = difflib.get_close_matches(name.lower(), operations)
    return f"did you mean {' or '.join(close)}" if close else ", ".join(operations)


def spelt_out(text: str, names: Iterable[str], operations: Collection[str]) -> str:
    """`text` as it has to be written, or "" where no guess can be read."""
    names = {"pi", "π", "e", *names}
    meant = _one_line(plain(text))
    tokens = _tokens(meant, names, operations)
    written = _joined(_multiplied(_called(tokens, names), names)) if tokens else ""
    # Without spaces: a text that differs in them alone needs no other spelling.
    changed = re.sub(r"\s", "", written) != re.sub(r"\s", "", plain(text))
    return written if changed and _readable(written, operations) else ""


def _one_line(text: str) -> str:
    text = re.sub(r"^[^\W\d]\w*\s*(\([\w\s,]*\))?\s*:?=(?!=)", "", text.strip())  # y = …, f(x) = …
    text = re.sub(r"\\(?:cdot|times)\b", "*", text.strip("$")).replace("\\", "")  # LaTeX
    text = text.replace("{", "(").replace("}", ")")
    text = re.sub(r"\b([^\W\d]\w*)\.(\w+)\(\)", r"\2(\1)", text)  # x.tanh()
    text = re.sub(r"\b(?:math|np|numpy|torch|autograd|F)\.(?=[a-z])", "", text)
    text = re.sub("[⁰¹²³⁴-⁹⁻]+", lambda found: f"**{found[0].translate(_SUPERSCRIPTS)}", text)
    text = _INVERSE.sub(r"a\1", text.translate(_SUBSCRIPTS))  # sin⁻¹ x
    text = _FRACTION.sub(lambda found: f"({unicodedata.normalize('NFKC', found[0])})", text)  # ½
    text = text.replace("\N{FRACTION SLASH}", "/")
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text)
    text = re.sub(r"√\s*(?=\()", "sqrt", re.sub(r"√\s*(\w+)", r"sqrt(\1)", text))
    if "(" not in text:
        text = re.sub(r"(?<![\w.])(\d+),(\d+)(?![\w.])", r"\1.\2", text)  # a decimal comma
    text = re.sub(r"(?<![\w\])])\[|(?<=\d)\[", "(", text).replace("]", ")")
    unclosed = text.count("(") - text.count(")")
    return text + ")" * unclosed if unclosed > 0 else _without_trailing(text, -unclosed)


def _without_trailing(text: str, count: int) -> str:
    for _ in range(count):
        text = text.rstrip().removesuffix(")")
    return text


def _operation(name: str, operations: Collection[str]) -> str:
    name = _CALLED.get(name) or _CALLED.get(name.lower(), name.lower())
    return name if name in operations else ""


def _tokens(text: str, names: Collection[str], operations: Collection[str]) -> list[_Token]:
    """The pieces of a text; none where it holds something else."""
    tokens: list[_Token] = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            return []
        place = found.end()
        kind = str(found.lastgroup)
        piece = found[kind]
        if kind != "name" or piece in names:
            tokens.append((kind, piece))
        elif _operation(piece, operations):
            tokens.append(("operation", _operation(piece, operations)))
        else:
            for part in _parts(piece, {*names, *operations, *_CALLED}):
                meant = "" if part in names else _operation(part, operations)
                tokens.append(("operation", meant) if meant else ("name", part))
    return tokens


def _parts(piece: str, known: Collection[str]) -> list[str]:
    """``wx`` as w and x, ``sinx`` as sin and x, where all the parts are known."""
    one = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    # A long one is no product; the ways to split it would be too many to try.
    splits = len(piece) < LONGEST_PRODUCT and re.fullmatch(f"(?:{one})+", piece)
    return re.findall(one, piece) if splits else [piece]


def _called(tokens: list[_Token], names: Collection[str]) -> list[_Token]:
    """``sin x`` as sin(x), ``sin**2(x)`` as sin(x)**2."""
    out: list[_Token] = []
    i = 0
    while i < len(tokens):
        kind, piece = tokens[i]
        i += 1
        out.append((kind, piece))
        if kind != "operation" or tokens[i : i + 1] == [("mark", "(")]:
            continue
        power: list[_Token] = []
        if tokens[i : i + 1] == [("mark", "**")] and [t[0] for t in tokens[i + 1 : i + 2]] == [
            "number"
        ]:
            power, i = tokens[i : i + 2], i + 2
        if tokens[i : i + 1] == [("mark", "(")]:
            end = _closing(tokens, i)
            operand, i = tokens[i + 1 : end], end + 1
        else:
            end = i
            while end < len(tokens) and tokens[end][0] in ("number", "name"):
                end += 1
            operand, i = tokens[i:end], end
            if not operand or tokens[i : i + 1] == [("mark", "**")]:
                return []  # sin x**2: of x or of its square?
        out += [("mark", "("), *_called(operand, names), ("mark", ")"), *power]
    return out


def _closing(tokens: list[_Token], opening: int) -> int:
    depth = 0
    for i in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[i][1], 0)
        if depth == 0:
            return i
    return len(tokens)


def _multiplied(tokens: list[_Token], names: Collection[str]) -> list[_Token]:
    """With a sign between factors that stand side by side."""
    out: list[_Token] = []
    for kind, piece in tokens:
        before_kind, before = out[-1] if out else ("mark", "(")
        ends = before_kind in ("number", "name") or before == ")"
        called = before_kind == "operation" or (before_kind == "name" and before not in names)
        begins = kind != "mark" or (piece == "(" and not called)
        if ends and begins:
            if out[-2:-1] == [("mark", "/")]:
                return []  # 1/2x: a half of x, or one by 2x?
            out.append(("mark", "*"))
        out.append((kind, piece))
    return out


def _joined(tokens: list[_Token]) -> str:
    out = ""
    for i, (kind, piece) in enumerate(tokens):
        before = tokens[i - 1] if i else ("mark", "(")
        binary = before[0] != "mark" or before[1] == ")"
        spaced = kind == "mark" and piece in "+-" and binary
        out += f" {piece} " if spaced else ", " if piece == "," else piece
    return out


def _readable(text: str, operations: Collection[str]) -> bool:
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval")))
    except (SyntaxError, RecursionError, MemoryError):
        return False
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    return all(isinstance(node, _ALLOWED) for node in nodes) and all(
        isinstance(function, ast.Name) and function.id in operations for function in called
    )
