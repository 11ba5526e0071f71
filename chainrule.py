"""The command ``chainrule``; what Python code imports are the packages `autograd` and `nn`."""

import os
import signal
import sys
from typing import Any


def main() -> int:
    """Run the command on the arguments of the process; the exit code."""
    try:
        # Here, not above: Ctrl-C while the packages load ends as quietly as at any other time.
        from nn.command.cli import main as run

        return run()
    except KeyboardInterrupt:
        if sys.stderr is not None:
            os.write(2, b"chainrule: interrupted\n")
        return 130
    finally:
        # A second Ctrl-C, while Python puts its things away, ends it without words.
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"the module chainrule is the command alone and has no {name}: its packages are autograd "
        "and nn, as in `from autograd import Value`"
    )


if __name__ == "__main__":
    sys.exit(main())
