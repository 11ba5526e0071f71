"""What NumPy does with the elements of an array, where some are Values.

NumPy keeps, for every ufunc and every type of element, a *loop*: a function in C
and a pointer to data for it. The loops for objects that go wrong on Values (see
`numpy_support`) are replaced, once, as soon as both NumPy and autograd are loaded,
by the loop of ``np.frompyfunc``, which calls a function in Python for each element:
that function uses our rule where an operand is a Value, and does what the loop of
NumPy did where none is. Loops for other types than objects stay as they are, and
reductions (``np.max``), ``where=``, ``out=`` and the rest are NumPy's own as before.
One thing differs for objects that are not Values: where plain numbers in an array of
objects were refused (``np.exp(np.array([1.0], dtype=object))``) they give a result,
because the neighbour of a number may be a Value.

``np.logaddexp`` and its kind had no loop for objects and get one. Those that give
truth values (``np.isnan``) refuse arrays of objects still: `autograd.isnan` takes them.

The head of a ufunc is part of NumPy's binary interface. It is compared with what
Python sees of each ufunc before anything is written, and the replaced loops are
tried out afterwards; if anything is not as expected, all stays as it was, and a
warning says so.
"""

import ctypes
import math
import operator
import sys
import warnings
from collections.abc import Callable
from typing import Any

from autograd import ops
from autograd.support.numpy_support import (
    any_applier,
    appliers,
    loops_of,
    meaning_of,
    rule_of_ufunc,
)

_OBJECT = 17  # NumPy's number for the type of objects

# These loops use Python's operators: they are right as they are.
_BY_OPERATORS = {
    "absolute",
    "add",
    "divide",
    "floor_divide",
    "multiply",
    "negative",
    "power",
    "remainder",
    "square",
    "subtract",
}
_FRAMES_OF_REDUCTIONS = ("_amax", "_amin", "_ptp", "_wrapreduction")  # NumPy's, in Python


class _Loops(ctypes.Structure):
    _fields_ = (
        ("functions", ctypes.c_void_p),
        ("data", ctypes.c_void_p),
        ("count", ctypes.c_int),
        ("reserved", ctypes.c_int),
        ("name", ctypes.c_void_p),
        ("types", ctypes.c_void_p),
    )


class _Head(ctypes.Structure):
    """The first fields of a PyUFuncObject, as they have been since NumPy 1.0."""

    _fields_ = (
        ("object", ctypes.c_byte * object.__basicsize__),
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("loops", _Loops),
    )


_kept: list[Any] = []  # what NumPy points to now must live as long as NumPy does


def install(np: Any) -> None:
    """Replace the loops; RuntimeWarning where this NumPy is not as expected."""
    if _kept:
        return
    # For good: while Python shuts down, NumPy outlives this module.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_kept))
    before = []
    try:
        ufuncs = _ufuncs_to_change(np)
        heads = [(ufunc, _checked_head(np, ufunc)) for ufunc in ufuncs]
        for ufunc, head in heads:
            old = _Loops.from_buffer_copy(head.loops)
            new = _with_our_loop(np, ufunc, old)
            before.append((head, old))
            head.loops = new  # in one step: another thread sees all of it or nothing
        for ufunc in ufuncs:
            _try_out(np, ufunc)
    except Exception as error:  # noqa: BLE001 - whatever it is, NumPy must go on as it was
        for head, old in before:
            head.loops = old
        warnings.warn(
            f"np.maximum, np.max, np.clip, np.floor and np.sign of arrays of Values do not use "
            f"the rules of autograd with this NumPy ({np.__version__}: {error}); use "
            "autograd.maximum and its kind, which take arrays",
            RuntimeWarning,
            stacklevel=2,
        )


def _ufuncs_to_change(np: Any) -> list[Any]:
    umath = sys.modules.get("numpy._core.umath") or sys.modules["numpy.core.umath"]
    found = {thing.__name__: thing for thing in vars(umath).values() if type(thing) is np.ufunc}
    return [
        ufunc
        for name, ufunc in sorted(found.items())
        if meaning_of(name) and name not in _BY_OPERATORS
    ]


def _checked_head(np: Any, ufunc: Any) -> _Head:
    if sys.implementation.name != "cpython":  # elsewhere an id is no address
        raise RuntimeError(f"loops cannot be replaced under {sys.implementation.name}")
    head = _Head.from_address(id(ufunc))
    loops = head.loops
    seen = (head.nin, head.nout, head.nargs, loops.count)
    told = (ufunc.nin, ufunc.nout, ufunc.nargs, ufunc.ntypes)
    if seen != told or ctypes.string_at(loops.name) != ufunc.__name__.encode():
        raise RuntimeError(f"np.{ufunc.__name__} is laid out in another way")
    numbers = ctypes.string_at(loops.types, loops.count * head.nargs)
    letters = [np.dtype(letter).num for types in ufunc.types for letter in types.replace("->", "")]
    if list(numbers) != letters:
        raise RuntimeError(f"the types of np.{ufunc.__name__} are laid out in another way")
    return head


def _with_our_loop(np: Any, ufunc: Any, old: _Loops) -> _Loops:
    """The loops of `ufunc` with ours for objects, in its place or as one more."""
    count, nargs = old.count, ufunc.nargs
    objects = bytes([_OBJECT]) * nargs
    types = ctypes.string_at(old.types, count * nargs)
    rows = [types[start : start + nargs] for start in range(0, len(types), nargs)]
    functions, data = _pointers(old.functions, count), _pointers(old.data, count)
    before = None
    if objects in rows:
        place = rows.index(objects)
        before = _ufunc_with(np, ufunc, functions[place], data[place])
    else:
        place = count
        rows, functions, data = [*rows, objects], [*functions, None], [*data, None]
    ours = np.frompyfunc(_loop(np, ufunc, before), ufunc.nin, ufunc.nout)
    loops = _Head.from_address(id(ours)).loops
    functions[place] = _pointers(loops.functions, 1)[0]
    data[place] = _pointers(loops.data, 1)[0]
    new = _Loops.from_buffer_copy(old)
    _kept.extend(
        (
            ours,
            all_functions := (ctypes.c_void_p * len(rows))(*functions),
            all_data := (ctypes.c_void_p * len(rows))(*data),
            all_types := ctypes.create_string_buffer(b"".join(rows)),
        )
    )
    new.functions, new.data = ctypes.addressof(all_functions), ctypes.addressof(all_data)
    new.types, new.count = ctypes.addressof(all_types), len(rows)
    return new


def _pointers(address: int | None, count: int) -> list[int | None]:
    if not address:
        return [None] * count
    return list((ctypes.c_void_p * count).from_address(address))


def _ufunc_with(np: Any, ufunc: Any, function: int | None, data: int | None) -> Any:
    """A ufunc of objects that does what `ufunc` did."""
    made = np.frompyfunc(print, ufunc.nin, ufunc.nout)
    one_function, one_data = (ctypes.c_void_p * 1)(function), (ctypes.c_void_p * 1)(data)
    _kept.extend((made, one_function, one_data))
    head = _Head.from_address(id(made))
    loops = _Loops.from_buffer_copy(head.loops)
    loops.functions, loops.data = ctypes.addressof(one_function), ctypes.addressof(one_data)
    loops.name = _Head.from_address(id(ufunc)).loops.name
    head.loops = loops
    return made


# --- the functions that our loops call ------------------------------------------------


def _loop(np: Any, ufunc: Any, before: Any) -> Callable[..., Any]:
    """The function of one element of each operand."""
    name = ufunc.__name__
    rule, meaning = rule_of_ufunc(name), _meaning(name)
    without_values = _without_values(np, name, meaning, before)

    def loop(*operands: Any) -> Any:
        for operand in operands:
            apply = appliers[type(operand)]
            if apply:
                return meaning(apply, *operands)
        return without_values(*operands)

    def unary(x: Any) -> Any:
        apply = appliers[type(x)]
        return apply(rule, x) if apply else without_values(x)

    def binary(x: Any, y: Any) -> Any:
        apply = appliers[type(x)] or appliers[type(y)]
        return apply(rule, x, y) if apply else without_values(x, y)

    if rule is None or ufunc.nin > 2:
        return loop
    made = unary if ufunc.nin == 1 else binary
    if rule is ops.maximum or rule is ops.minimum:
        made = _extreme(rule, without_values)
    for loop_of in loops_of:
        made = loop_of(rule, made)
    return made


# --- np.max and np.min -----------------------------------------------------------------
# They are chains of np.maximum, which halves a tie at each step. For a tie to split evenly, as it
# does in ops.max, the share of the latest must be one over how many there are so far.


def largest_so_far(x, y, share):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """As ops.maximum, but a tie gives `share` to `y`."""
    wins = 1.0 if x > y else (0.0 if x < y else 1.0 - share)
    return x if x >= y else (y if y > x else x + y), wins, 1.0 - wins, 0.0


def smallest_so_far(x, y, share):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """As ops.minimum, but a tie gives `share` to `y`."""
    wins = 1.0 if x < y else (0.0 if x > y else 1.0 - share)
    return x if x <= y else (y if y < x else x + y), wins, 1.0 - wins, 0.0


def _extreme(rule: ops.Rule, without_values: Callable[..., Any]) -> Callable[..., Any]:
    """The loop of np.maximum or np.minimum."""
    so_far = largest_so_far if rule is ops.maximum else smallest_so_far
    name, wins = so_far.__name__, operator.gt if rule is ops.maximum else operator.lt

    def extreme(x: Any, y: Any) -> Any:
        apply_x, apply_y = appliers[type(x)], appliers[type(y)]
        apply = apply_x or apply_y
        if not apply:
            return without_values(x, y)
        number_x, number_y = x.data if apply_x else x, y.data if apply_y else y
        shared = bool(apply_x) and x.op == name
        if (shared or number_x == number_y) and _in_a_reduction(sys._getframe(1)):
            count = round(1.0 / x.parents[2].data) if shared else 1
            if number_x == number_y:
                return apply(so_far, x, y, 1.0 / (count + 1))
            if wins(number_x, number_y):
                return apply(so_far, x, y, 1.0 / count)
        return apply(rule, x, y)

    return extreme


def _in_a_reduction(caller: Any) -> bool:
    """Whether the function in Python that called the ufunc is one of NumPy's reductions."""
    name = str(caller.f_globals.get("__name__"))
    return caller.f_code.co_name in _FRAMES_OF_REDUCTIONS and name.startswith("numpy.")


def _meaning(name: str) -> Callable[..., Any]:
    meaning = meaning_of(name)
    if meaning is None:
        raise RuntimeError(f"np.{name} means nothing here")
    return meaning


def _without_values(np: Any, name: str, meaning: Any, before: Any) -> Callable[..., Any]:
    """What the loop does where no operand is a Value: what NumPy's own did."""
    if name in _AS_NUMPY:
        return _AS_NUMPY[name]
    numbers = () if name == "sign" else (float, int, np.floating, np.integer)

    def without_values(*operands: Any) -> Any:
        if all(isinstance(operand, numbers) for operand in operands):
            return meaning(any_applier(), *operands).data  # NumPy's own would refuse them
        if before is None:
            raise TypeError(
                f"ufunc {name!r} not supported for the input types, and the inputs could not be "
                "safely coerced to any supported types according to the casting rule ''safe''"
            )
        return before(*[_boxed(np, operand) for operand in operands])

    return without_values


def _boxed(np: Any, operand: Any) -> Any:
    box = np.empty((), dtype=object)
    box[()] = operand
    return box


def _larger(x: Any, y: Any) -> Any:
    return x if x >= y else y  # noqa: FURB136 - max(x, y) asks whether y > x


def _smaller(x: Any, y: Any) -> Any:
    return x if x <= y else y  # noqa: FURB136


def _truncated(x: Any) -> Any:
    return math.trunc(x.item() if type(x).__module__ == "numpy" else x)  # not all have __trunc__


# Loops that NumPy itself defines by Python's functions and operators.
_AS_NUMPY: dict[str, Callable[..., Any]] = {
    "ceil": math.ceil,
    "clip": lambda x, low, high: _smaller(_larger(x, low), high),
    "floor": math.floor,
    "fmax": _larger,
    "fmin": _smaller,
    "maximum": _larger,
    "minimum": _smaller,
    "trunc": _truncated,
}


# --- trying it out ------------------------------------------------------------------


def _try_out(np: Any, ufunc: Any) -> None:
    """RuntimeError unless a Value stays one among the elements, and a plain number plain."""
    name, number = ufunc.__name__, 1.5 if ufunc.__name__ == "arccosh" else 0.5
    apply = any_applier()
    value = apply(ops.add, number, 0.0)
    array = np.empty(2, dtype=object)
    array[:] = value, number
    expected = _meaning(name)(apply, *[value] * ufunc.nin)
    with_value, without = ufunc(*[array] * ufunc.nin)
    if type(with_value) is not type(value) or with_value.data != expected.data:
        raise RuntimeError(f"np.{name} of a Value gives {with_value!r}")
    if type(without) not in (int, float) or without != expected.data:
        raise RuntimeError(f"np.{name} of a number gives {without!r}")
