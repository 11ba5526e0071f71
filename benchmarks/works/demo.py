"""The training of ``chainrule demo`` (digits), with a Program and without."""

import tempfile
import time
from pathlib import Path
from typing import Any

from nn.command import demos
from works.timing import Result


def results(*, quick: bool) -> list[Any]:
    """The seconds that `nn.fit` takes in the demo, both ways, one after the other."""
    fit, found = demos.fit, {}
    try:
        for name, compiled in (("chainrule", True), ("compile=False", False)):
            demos.fit = Timed(fit, compiled)
            with tempfile.TemporaryDirectory() as folder:
                demos.run("digits", Path(folder), None, 0, lambda _: None)
            found[name] = demos.fit.seconds
    finally:
        demos.fit = fit
    return [Result("chainrule demo (digits), training", found, {"compile=False": 0.25})]


class Timed:
    """`nn.fit`, and how long it took."""

    def __init__(self, fit: Any, compiled: bool) -> None:
        self.fit, self.compiled, self.seconds = fit, compiled, 0.0

    def __call__(self, *given: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return self.fit(*given, compile=self.compiled, **named)
        finally:
            self.seconds += time.perf_counter() - started
