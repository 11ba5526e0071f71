"""The command ``chainrule``; what Python code imports are the packages `autograd` and `nn`."""

import os
import sys
from importlib.util import find_spec
from typing import Any


def main() -> int:
    """Run the command on the arguments of the process; the exit code."""
    try:
        if error := other_autograd():
            return complain_of(error)
        # Here, not above: Ctrl-C while the packages load ends as quietly as at any other time.
        from nn.command.cli import main as run

        return run()
    except KeyboardInterrupt:
        if sys.stderr is not None:
            os.write(2, b"chainrule: interrupted\n")
        return 130
    finally:
        import signal

        # A second Ctrl-C, while Python puts its things away, ends it without words.
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def complain_of(error: ImportError) -> int:
    """Say it as the command says things; the exit code."""
    if sys.argv[1:] == ["info"]:
        print(f"autograd   not chainrule's: {error}")
    else:
        print(f"chainrule: {error}", file=sys.stderr)
    return 1


class OtherAutogradError(ImportError):
    """Where chainrule's package `autograd` must be are files of another package of that name."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"{found}: run `pip uninstall autograd chainrule`, then `pip install chainrule`; "
            "what needs the other package wants an environment of its own",
            name="autograd",
        )


def other_autograd() -> OtherAutogradError | None:
    """The error to raise where another package has overwritten `autograd`, or hides it.

    Asked before `autograd` is imported: installed after chainrule, the other package has
    put an `__init__.py` of its own there, and pip says nothing.
    """
    found = find_spec("autograd")
    folders = found.submodule_search_locations if found else None
    for folder in folders or ():
        if os.path.exists(f"{folder}/tracer.py"):  # noqa: PTH110 - pathlib takes long to load
            return OtherAutogradError(
                "the folder of chainrule's `autograd` also holds files of another package of that "
                f"name (HIPS autograd), {folder}"
            )
    if found is None or found.origin is None:
        return OtherAutogradError(
            "chainrule's `autograd` is not whole, as when another package of that name (HIPS "
            "autograd) was there and was uninstalled"
        )
    return None


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"the module chainrule is the command alone and has no {name}: its packages are autograd "
        "and nn, as in `from autograd import Value`"
    )


if __name__ == "__main__":
    sys.exit(main())
