"""Contenders take turns; their medians are compared."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Result(NamedTuple):
    """One line of a table: seconds of each contender, and the bounds on the ratios to ours."""

    work: str
    seconds: dict[str, float]
    bounds: dict[str, float]

    def lines(self) -> list[str]:
        """Ours first, then each peer with the ratio and whether the bound is met."""
        ours = self.seconds["chainrule"]
        found = [f"{self.work}: chainrule {shown(ours)}"]
        for name, seconds in self.seconds.items():
            if name == "chainrule":
                continue
            ratio = ours / seconds
            line = f"  against {name:<24} {shown(seconds):>11}   ratio {ratio:8.2g}"
            if name in self.bounds:
                met = "met" if ratio <= self.bounds[name] else "NOT MET"
                line += f"   bound {self.bounds[name]:<8g} {met}"
            found.append(line)
        return found


def shown(seconds: float) -> str:
    """Seconds in the unit that reads best."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def medians(
    contenders: dict[str, Callable[[], object]], *, rounds: int = 7, seconds: float = 0.15
) -> dict[str, float]:
    """The median seconds of a call of each; every round runs all of them, one after the other."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    calls = {}
    for name, call in contenders.items():
        call()
        started = time.perf_counter()
        call()
        once = time.perf_counter() - started
        calls[name] = max(1, min(2000, round(seconds / rounds * 3 / max(once, 1e-7))))
    for _ in range(rounds):
        for name, call in contenders.items():
            if calls[name] == 1 and len(times[name]) >= 3:
                continue  # a slow one need not run as often
            for _ in range(calls[name]):
                started = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(own) for name, own in times.items()}


def first_seconds(call: Callable[[], object]) -> float:
    """How long the first call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
