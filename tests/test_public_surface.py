"""Every public name has its docstring, its signature and its types, the same on both engines."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ENGINES = ("pure", "compiled")


def surface():
    """The docstring of every public name, of the packages and their classes, and its signature.

    What has none has None; a parameter without a type stands in brackets.
    """
    import autograd
    import nn

    found = {}
    for package in (autograd, nn):
        for name in dir(package):
            thing = getattr(package, name)
            if name.startswith("_") or (inspect.ismodule(thing) and name not in package.__all__):
                continue  # modules are there once they are imported; public are those listed
            found |= described(f"{package.__name__}.{name}", thing)
            for inner in names_in(thing):
                found |= described(
                    f"{package.__name__}.{name}.{inner}", inspect.getattr_static(thing, inner)
                )
    return found


def names_in(thing):
    """The public names in a class, or in a module that is itself public."""
    if inspect.ismodule(thing):
        # Rules are read, not called: `autograd.tanh` is what stands for `ops.tanh`.
        there = {} if thing.__name__ == "autograd.ops" else vars(thing)
        own = [k for k, x in there.items() if getattr(x, "__module__", "") == thing.__name__]
    elif inspect.isclass(thing):
        own = [name for name in dir(thing) if is_ours(next(holders(thing, name)))]
    else:
        own = []
    return [name for name in own if not name.startswith("_")]


def holders(kind, name):
    return (c for c in kind.__mro__ if name in vars(c))


def is_ours(kind):
    return kind.__module__.partition(".")[0] in ("autograd", "nn")


def described(name, thing):
    if isinstance(thing, classmethod | staticmethod):
        thing = thing.__func__
    reads = hasattr(type(thing), "__get__")
    if not callable(thing) and not reads and not inspect.ismodule(thing):
        return {}  # a constant, or the default of a field that the docstring of its class tells
    documentation = inspect.getdoc(thing)
    if documentation == inspect.getdoc(type(thing)):
        documentation = None
    return {name: [documentation, signature_of(thing) if callable(thing) else ""]}


def signature_of(thing):
    try:
        signature = inspect.signature(thing)
    except (ValueError, TypeError):
        return None
    shown = []
    for at, parameter in enumerate(signature.parameters.values()):
        untyped = parameter.annotation is parameter.empty
        is_self = at == 0 and parameter.name in ("self", "cls")
        shown.append(f"[{parameter}]" if untyped and not is_self else str(parameter))
    if not inspect.isclass(thing):
        returned = signature.return_annotation
        shown.append("[->]" if returned is signature.empty else f"-> {returned}")
    return ", ".join(shown)


@pytest.fixture(scope="module", params=ENGINES)
def found(request):
    """What the packages show where that engine runs: in a process of its own."""
    return on(request.param)


def on(engine):
    script = (
        "import json, autograd, test_public_surface as here\n"
        "print(json.dumps([autograd.engine, here.surface()]))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "AUTOGRAD_PURE": "1" if engine == "pure" else "0"},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    runs, shown = json.loads(said.stdout)
    if runs != engine:
        pytest.skip(f"the {engine} engine is not here")
    return shown


def test_every_public_name_has_a_docstring(found):
    assert {"autograd.Value.grad", "autograd.tanh", "nn.Adam.step", "nn.data.moons"} <= found.keys()
    assert [name for name, (documentation, _) in found.items() if not documentation] == []


def test_every_public_name_has_a_signature_with_types(found):
    assert [name for name, (_, signature) in found.items() if signature is None] == []
    untyped = [
        (name, shown)
        for name, (_, shown) in found.items()
        if any(part.startswith("[") for part in shown.split(", "))
    ]
    assert untyped == []


def test_both_engines_show_the_same():
    pure, compiled = (on(engine) for engine in ENGINES)
    # The class calls itself after its engine.
    assert (
        json.loads(json.dumps(pure).replace("autograd.value.Value", "autograd.Value")) == compiled
    )


class Untold:
    def __init__(self, x, y: int = 0):
        pass

    @property
    def number(self) -> int:
        return 1


def test_what_is_missing_is_found():
    assert described("f", Untold) == {"f": [None, "[x], y: int = 0"]}
    assert described("f", Untold.number) == {"f": [None, ""]}
    assert described("f", lambda: None) == {"f": [None, "[->]"]}
    assert signature_of(type("E", (ValueError,), {})) is None or sys.version_info >= (3, 12)
