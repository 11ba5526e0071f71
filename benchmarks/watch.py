"""What ``fit(record=True)`` and ``fit(watch=True)`` cost, as ratios of medians.

The pictures are drawn and encoded as in a notebook, and then thrown away. Two
moons of 200 samples, MLP(2, [16, 16, 1]), batches of 16.
"""

import argparse
import statistics
import time
from typing import Any, ClassVar
from unittest import mock

import autograd
import nn
from nn.pictures import live

OPTIONS = {"plain": {}, "record": {"record": True}, "watch": {"watch": True}}


def train(epochs: int, **options: bool) -> float:
    """The seconds of processor time that one training takes."""
    X, y = nn.data.moons(200, 0.15, seed=0)
    model = nn.MLP(2, [16, 16, 1], "tanh", init="xavier", generator=0)
    optimizer = nn.Adam(model.parameters(), 0.005)
    loss = nn.binary_cross_entropy_with_logits
    started = time.process_time()
    nn.fit(model, X, y, loss, optimizer, epochs, 16, progress=False, **options)
    return time.process_time() - started


class Timed(live.Pictures):
    """Pictures that are remembered, so that one can ask what they took."""

    made: ClassVar[list[live.Pictures]] = []

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.made.append(self)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0, help="of one training (12)")
    parser.add_argument("--rounds", type=int, default=3, help="of each kind (3)")
    options = parser.parse_args()
    drawn: list[bytes] = []
    in_a_notebook = mock.patch.multiple(
        live, in_notebook=lambda: True, _display=lambda: drawn.append, Pictures=Timed
    )
    with in_a_notebook:
        train(2, watch=True)  # imports what there is to import
        epochs = max(1, round(20 * options.seconds / train(20)))
        times: dict[str, list[float]] = {name: [] for name in OPTIONS}
        pictures, shares = [], []
        for _ in range(options.rounds):
            for name, chosen in OPTIONS.items():
                drawn.clear()
                times[name].append(train(epochs, **chosen))
            pictures.append(len(drawn))
            last = Timed.made[-1]
            shares.append(last.spent / (last.clock() - last.started - last.spent))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(f"engine {autograd.engine}, {epochs} epochs, {statistics.median(pictures)} pictures")
    print(f"  drawing took {statistics.median(shares):.1%} of the time of the training")
    for name, median in medians.items():
        print(f"  {name:<8}{median:7.2f} s  {median / medians['plain']:6.3f}x")


if __name__ == "__main__":
    main()
