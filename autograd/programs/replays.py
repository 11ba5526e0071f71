"""Which replay runs a tape: the compiled one where it was built, else generated Python."""

from typing import Any

from autograd.engines import select
from autograd.programs.tape import Tape


def replay_of(tape: Tape) -> Any:
    """The fastest replay of `tape` that there is here."""
    if select.name == "compiled":
        try:
            from autograd.programs.native_replay import NativeReplay
        except ImportError:  # it was not built here
            pass
        else:
            return NativeReplay(tape)
    from autograd.programs.generated import GeneratedReplay

    return GeneratedReplay(tape)
