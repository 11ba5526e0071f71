"""One name for one value: pictures, the player, explanations, LaTeX, the reverse network ask here.

`Naming` says in which order names are given; the rest of the file reads them from
labels (told apart where scopes share them) and from variables (``names=locals()``).
"""

import ast
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from autograd.calculus.simplify import constant
from autograd.engines.select import Value, topological_order
from autograd.export.notation import DIGITS, SUBSCRIPTS, Symbol, symbol_of, typeset
from autograd.support.arguments import one_spelling
from autograd.visual.arguments import expect_names
from autograd.visual.scopes import neuron_parts, outside_calls, scope_of
from autograd.visual.texts import printable

ROOT = "L"  # a root without a name: the loss
DEEPEST = 4  # levels of lists in lists
NUMBERED = re.compile(r"v([₀-₉]+)")


class Naming:
    """What each value of the graph of `root` is called, wherever it is shown; no name twice.

    Names are given in this order. One that another value has by then is not given
    again ("w1", "w_1" and "w₁" are one name), and what has no name goes on to the next:

    1. The label of the value, that of the root first. Where values of several scopes
       share a label, as the neurons of a network do, the numbers of the scopes become
       indices of it: w0 of mlp/layer1/neuron2 is w₁,₂,₀.
    2. What `names` calls it: a variable, or a place in a list, tuple, dict or array
       such as ``w[0]``, whichever comes first in `names`. As Python keeps variables
       in the order in which they were made, ``w[0]`` wins over the ``wi`` of
       ``for wi in w`` and over ``x = w[0]``; ``a`` wins over ``both[0]`` of ``both = [a, b]``.
       A variable that was there before, but holds what a loop leaves in it (the last
       of a list of which others have no variable), comes after the rest of `names`.
    3. The root is L.
    4. In a neuron (a scope such as ``"mlp/layer0/neuron2"``) the sum is z and what the activation
       makes of it a, with the numbers of the scope as indices: z₀,₂ and a₀,₂.
    5. All that remain are v₁, v₂, … in topological order. Plain numbers that
       entered an expression are shown as numbers; they come last, for where one
       has to be spoken of all the same. So do the `others`: values asked about
       that the root does not depend on.

    This depends on nothing else: collapsed or open, whole or in part, in either
    engine a value has the same name. A value that `earlier` has named (the forward
    pass in the picture of the backward pass) keeps that name before all of these.

    Empty names and those that begin with an underscore are left out of `names`, as
    are the ``In`` and ``Out`` of IPython. TypeError for `names` that are no dict from names.

    >>> w, total = [Value(1.0), Value(2.0)], Value(3.0, "sum")
    >>> root = w[0] * w[1] + 2.0 * total
    >>> naming = Naming(root, {"w": w})
    >>> [naming.name(value) for value in naming.order if not naming.is_plain_number(value)]
    ['w[0]', 'w[1]', 'v₁', 'sum', 'v₂', 'L']
    """

    def __init__(
        self,
        root: Value,
        names: Mapping[str, Any] | None = None,
        *,
        others: Iterable[Value] = (),
        earlier: "Naming | None" = None,
    ) -> None:
        self.root, self.order = root, topological_order(root)
        others, called = tuple(others), _variables(names)
        variables = {v: printable(called[v]) for v in (*self.order, *others) if v in called}
        labels = _told_apart({value: printable(value.label) for value in self.order})
        given = {v: earlier.name(v) for v in self.order if v in earlier} if earlier else {}
        outside = {v: printable(v.label) for v in others if v not in labels}
        self._own = {v: label or variables.get(v, "") for v, label in (labels | outside).items()}
        if earlier:
            self._own |= {value: earlier.own(value) for value in given}
        self._names: dict[Value, str] = {}
        self._taken: set[Symbol] = set()
        parts = {v: _indexed(scope_of(v), part) for v, part in neuron_parts(self.order).items()}
        for source in (
            given,
            {root: labels[root]},
            labels,
            variables,
            {root: ROOT},
            parts,
            outside,
        ):
            for value in self._own:
                if value in source:
                    self._give(value, source[value])
        self._parts = {value for value, name in parts.items() if self._names.get(value) == name}
        self._number([*earlier._names.values()] if earlier else [])
        self.values: dict[str, Value] = {}  # by their keys, the names in expressions
        self._keys: dict[Value, str] = {}

    def _give(self, value: Value, name: str) -> None:
        """Call `value` so, if it has no name yet and no other value has this one."""
        if value in self._names or not name or not (seen := as_seen(name)):
            return
        symbol = symbol_of(seen)
        if symbol not in self._taken:
            self._names[value] = name
            self._taken.add(symbol)

    def _number(self, elsewhere: Sequence[str]) -> None:
        """Call what has no name yet v₁, v₂, …, but for the numbers in names here or `elsewhere`."""
        written = " ".join([*self._own.values(), *self._names.values(), *elsewhere])
        used = {number.translate(DIGITS) for number in NUMBERED.findall(written)}  # also in ∂L/∂v₁
        used |= {s.indices[0] for s in self._taken if s.base == "v" and len(s.indices) == 1}
        free = (n for n in map(str, itertools.count(1)) if n not in used)
        nameless = [value for value in self._own if value not in self._names]
        nameless.sort(key=self.is_plain_number)
        for value, number in zip(nameless, free, strict=False):
            self._names[value] = "v" + number.translate(SUBSCRIPTS)

    def __contains__(self, value: Value) -> bool:
        return value in self._names

    def name(self, value: Value) -> str:
        """What `value` is called; no other value is."""
        return self._names[value]

    def own(self, value: Value) -> str:
        """What the user calls `value`, "" for nothing; another value may be called the same."""
        return self._own[value]

    def typeset(self, value: Value) -> str:
        """What `value` is called, as mathematics writes it: w₁ for w1, w_1 and w[1]."""
        return typeset(self._names[value])

    def has_name(self, value: Value) -> bool:
        """Whether the user calls `value` something, or a textbook does, as the sum of a neuron."""
        return bool(self._own[value]) or value in self._parts

    def is_plain_number(self, value: Value) -> bool:
        """Whether `value` is a number that entered an expression, not a constant with a name."""
        return not (value.parents or value.requires_grad or self._own[value])

    # --- in formulas -----------------------------------------------------------------

    def key(self, value: Value) -> str:
        """The name that stands for `value` in an expression: a rule's own names are no keys."""
        if value not in self._keys:
            key = self._keys[value] = f"value {len(self._keys)}"
            self.values[key] = value
        return self._keys[value]

    def expression(self, value: Value) -> ast.expr:
        """`value` as an operand: its number if it is one, else its key."""
        if self.is_plain_number(value):
            return constant(value.data)
        return ast.Name(self.key(value), ast.Load())

    def label(self, key: str) -> str:
        """What printers print for a name in an expression; others than keys stay as they are."""
        return self._names[self.values[key]] if key in self.values else key

    def note(self, key: str) -> str:
        """Where a leaf was made, and what the user calls a value if another took that name."""
        value = self.values[key]
        own = self._own[value] if self._own[value] != self._names[value] else ""
        scope = "" if value.parents else printable(scope_of(value))
        return f"{own} in {scope}".strip() if scope else own

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Out of a pickle, also one from when explanations held symbols they had given so far."""
        if "keys" in state:
            values, names, labels = state["values"], state["names"], state["labels"]
            called = {key: labels.get(key) or names.get(v) or key for key, v in values.items()}
            own = {value: names.get(value, "") for value in values.values()}
            given = {value: called[key] for key, value in values.items()}
            state = {"values": values, "_keys": state["keys"], "_own": own, "_names": given}
        self.__dict__.update({"_parts": set()} | state)


Symbols = Naming  # what such a pickle calls it


def as_seen(name: str) -> str:
    """`name` without what does not show, so that two names that look the same are one name.

    That is white at the ends and white in a row, and whether an accent is a character.

    >>> as_seen(" learning  rate ")
    'learning rate'
    """
    return unicodedata.normalize("NFC", " ".join(name.split()))


def naming_of(root: Value, names: "Mapping[str, Any] | Naming | None") -> Naming:
    """The naming of `root` with `names`, which may be one that has been made already."""
    if isinstance(names, Naming) and names.root is root:
        return names
    return Naming(root, names)  # type: ignore[arg-type]


# --- names of variables -------------------------------------------------------------------


def _variables(names: Mapping[str, Any] | None) -> dict[Value, str]:
    """What `names` calls the Values in it: the first name of each, loop variables last."""
    expect_names(names)
    kept = {
        one_spelling(key): held
        for key, held in (names or {}).items()
        if isinstance(key, str) and not key.startswith("_") and key not in ("", "In", "Out")
    }
    left = _left_by_loops(kept)
    found: dict[Value, str] = {}
    for name, held in sorted(kept.items(), key=lambda pair: id(pair[1]) in left):
        if isinstance(held, Value):
            found.setdefault(held, name)
        for path, element in _elements(name, held):
            found.setdefault(element, path)
    return found


def _left_by_loops(names: Mapping[str, Any]) -> set[int]:
    """The ids of what loops leave in their variables.

    That is the last element of a container in which others have no variable.
    """
    variables = {id(held) for held in names.values()}
    left = set()
    for name, held in names.items():
        for _, items in _containers(name, held):
            *others, last = [id(element) for _, element in items] or [0]
            if last in variables and not variables.issuperset(others):
                left.add(last)
    return left


def _elements(name: str, held: Any) -> Iterator[tuple[str, Value]]:
    """The Values in a container, each with its path."""
    for path, items in _containers(name, held):
        for key, element in items:
            if isinstance(element, Value):
                yield _path(path, key), element


def _containers(
    name: str, held: Any, seen: dict[tuple[int, int], Any] | None = None, depth: int = 1
) -> Iterator[tuple[str, list[tuple[Any, Any]]]]:
    """The path and the items of a container, then of those in it, a few deep.

    A container that is `seen` again, as deep, brings nothing new: lists may hold themselves.
    """
    seen = {} if seen is None else seen
    if depth > DEEPEST or (id(held), depth) in seen:
        return
    seen[id(held), depth] = held  # kept, so that no other gets its id
    if type(held).__name__ == "ndarray":  # of NumPy, which is not imported for this
        held = held.tolist() if held.dtype == object else ()
    if isinstance(held, Mapping):
        try:
            items = list(held.items())
        except Exception:  # noqa: BLE001 - of a closed file, say, that has nothing to do with it
            return
    elif isinstance(held, list | tuple):
        items = list(enumerate(held))
    else:
        return
    yield name, items
    for key, element in items:
        if not isinstance(element, Value | float | int | str):
            yield from _containers(_path(name, key), element, seen, depth + 1)


def _path(name: str, key: Any) -> str:
    return f"{name}[{key!r}]" if isinstance(key, str | int) else name


# --- labels that several values share ---------------------------------------------------


def _told_apart(labels: dict[Value, str]) -> dict[Value, str]:
    """`labels`; if two scopes share one, all that were made in scopes hold their scope."""
    scopes = {value: outside_calls(scope_of(value)) for value, label in labels.items() if label}
    scoped = {value: (scope, labels[value]) for value, scope in scopes.items() if scope}
    places = set(scoped.values())
    if len({symbol_of(label) for _, label in places}) == len(places):
        return labels
    told_apart = {place: _indexed(*place) for place in places}
    if len(set(told_apart.values())) < len(places):
        told_apart = {place: _in_full(*place) for place in places}
    return labels | {value: told_apart[place] for value, place in scoped.items()}


def _indexed(scope: str, label: str) -> str:
    """w₁,₂,₀ for w0 of mlp/layer1/neuron2; the whole path where that is not possible."""
    symbol, numbers = symbol_of(label), re.findall(r"(\d+)(?:/|$)", scope)
    if not numbers or not symbol.plain:
        return _in_full(scope, label)
    return symbol.base + ",".join([*numbers, *symbol.indices]).translate(SUBSCRIPTS)


def _in_full(scope: str, label: str) -> str:
    """encoder.w for w of encoder."""
    return printable(f"{scope}.{label}".replace("/", "."))
