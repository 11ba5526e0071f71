"""The rooms of the compiled engine: one unit to compile, and every file of it is named rightly."""

import math
import re
import traceback
from array import array
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import autograd

if find_spec("autograd.engines.compiled") is None:
    pytest.skip("autograd.engines.compiled was not built", allow_module_level=True)

ENGINE = import_module("autograd.engines.compiled")
HERE = Path(autograd.__file__).parent / "engines"
Value = ENGINE.Value


def refuse(*_):
    raise ZeroDivisionError("a hook that fails")


def with_a_hook():
    x = Value(1.0)
    out = x * 2.0
    out.register_hook(refuse)
    return out


NUMBERS = array("d", [0.0])
FAILING = {
    "a number that is none": lambda: Value("x"),
    "a label that is none": lambda: Value(1.0, 2.0),
    "no argument": lambda: Value(),
    "an attribute that is fixed": lambda: setattr(Value(1.0), "op", "mul"),
    "an attribute that is not there": lambda: delattr(Value(1.0), "colour"),
    "a number assigned": lambda: setattr(Value(1.0), "data", "x"),
    "__dict__": lambda: setattr(Value(1.0), "__dict__", 3),
    "float": lambda: float(Value(1.0)),
    "backward": lambda: ENGINE.constant(1.0).backward(),
    "a hook": lambda: with_a_hook().backward(),
    "a rule of one operand": lambda: Value(0.0).log(),
    "a rule of two operands": lambda: Value(1.0) / Value(0.0),
    "a rule of many": lambda: ENGINE.apply(autograd.ops.logsumexp, Value(math.inf), "x"),
    "a constant": lambda: ENGINE.constant("x"),
    "dot": lambda: ENGINE.dot([Value(1.0)], [1.0, 2.0]),
    "rebuilt": lambda: ENGINE.rebuilt(1.0, "mul", (Value(1.0),), ()),
    "a scope": lambda: ENGINE.scope("a").__exit__(None, None, None),
    "sorting": lambda: ENGINE.topological_order(3.0),
    "a forward sweep": lambda: ENGINE.forward_sweep(Value(1.0), [3.0], [1.0], []),
    "a reverse sweep": lambda: ENGINE.reverse_sweep(Value(1.0), 1.0, [3.0]),
    "a second sweep": lambda: ENGINE.second_sweep(Value(1.0), [Value(1.0)], [1.0, 2.0]),
    "a tangent": lambda: ENGINE.second_sweep(Value(1.0), [Value(1.0)], ["x"]),
    "parameters": lambda: ENGINE.read_parameters([Value(1.0) * 2.0], NUMBERS, NUMBERS),
    "their count": lambda: ENGINE.write_parameters([], NUMBERS),
}


THROUGH_PYTHON = (
    "call_in_full(",
    "init_in_full(",
    "PyObject_GenericSetAttr(",
)  # they call what the type has


def error_of(wrong):
    with pytest.raises(Exception) as caught:
        wrong()
    return caught.value


def calls_in(error):
    """For each place in the compiled engine that an error went through, what it called there."""
    frames = list(traceback.extract_tb(error.__traceback__))
    for frame, called in zip(frames, [*frames[1:], None], strict=True):
        if frame.filename.endswith((".pxi", ".pyx")):
            yield HERE.parent.parent / frame.filename, frame, called


def function_at(lines, line):
    """The name of the function that a line of a room belongs to."""
    for text in reversed(lines[:line]):
        found = re.match(r" *(?:def|cdef(?: [\w ]+)?)[ *]+(\w+)\(", text)
        if found:
            return found[1]
    return None


@pytest.mark.parametrize("wrong", FAILING)
def test_a_traceback_names_the_room(wrong):
    """A frame's line stands in its function and calls the next one, whatever failed before."""
    for other in FAILING.values():
        error_of(other)
    found = list(calls_in(error_of(FAILING[wrong])))
    assert found
    for path, frame, called in found:
        lines = path.read_text(encoding="utf-8").split("\n")
        assert function_at(lines, frame.lineno) in frame.name.split(".")[-2:], frame
        if called is not None:
            statement = "\n".join(lines[frame.lineno - 1 : frame.lineno + 2])
            calls = (f"{called.name.rpartition('.')[2]}(", *THROUGH_PYTHON)
            assert any(call in statement for call in calls), frame


def test_most_rooms_were_tried():
    rooms = set()
    for wrong in FAILING.values():
        rooms |= {path.name for path, _, _ in calls_in(error_of(wrong))}
    assert len(rooms) > 8


def test_the_rooms_are_included_once_each_and_are_no_longer_than_one_reads():
    text = (HERE / "compiled.pyx").read_text(encoding="utf-8")
    included = re.findall('^include "(.*)"$', text, re.MULTILINE)
    assert sorted(included) == sorted(f"twin/{path.name}" for path in HERE.glob("twin/*.pxi"))
    for path in HERE.glob("**/*.p[xy][ix]"):
        assert path.read_text(encoding="utf-8").count("\n") <= 400, path
