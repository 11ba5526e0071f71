"""Where a training stands, besides parameters and optimizer: what going on with it needs."""

from random import Random
from typing import Any

from autograd.errors import ShapeError
from nn.arguments.seeds import Seed, as_generator
from nn.arguments.settings import SettingError, as_count
from nn.fitting.early_stopping import Stopper
from nn.fitting.samples import Samples
from nn.optimizer import StateError


class Course:
    """Epochs and updates done, the shuffling, and what schedule and early stopping have seen.

    `earlier` is the `state_dict` of the course to go on with.
    """

    def __init__(
        self, seed: Seed, schedule: Any, stopper: Stopper | None, earlier: dict[str, Any] | None
    ) -> None:
        self.generator, self.schedule, self.stopper = as_generator(seed), schedule, stopper
        self.earlier = earlier or {}
        self.epochs: int = self.earlier.get("epochs", 0)
        self.steps: int = self.earlier.get("steps", 0)
        self.split_from: Any = None  # where the generator stood before it held samples out

    def held_out(self, samples: Samples, share: float) -> tuple[Samples, Samples]:
        """Those to train on, and those to judge by: the same ones when going on."""
        if self.earlier.get("split_from") is not None:
            self.generator = _generator(self.earlier["split_from"])
        self.split_from = _state(self.generator)
        try:
            return samples.split(share, self.generator)
        except ShapeError:
            raise ShapeError(
                f"validation={share!r} of {len(samples.X)} samples leaves one part empty"
            ) from None

    def begin(self) -> None:
        """Stand where the earlier course ended; before it, samples may be held out."""
        if self.earlier.get("generator") is not None:
            self.generator = _generator(self.earlier["generator"])
        if self.earlier.get("schedule") is not None and hasattr(self.schedule, "load_state_dict"):
            _load(self.schedule, self.earlier["schedule"])
        if self.earlier.get("stopper") is not None and self.stopper is not None:
            _load(self.stopper, self.earlier["stopper"])

    def observe(self, loss: float, steps: int) -> bool:
        """Enter what an epoch has brought; whether to stop after it."""
        self.epochs, self.steps = self.epochs + 1, steps
        if hasattr(self.schedule, "observe"):
            self.schedule.observe(loss)
        return self.stopper is not None and self.stopper.observe(loss)

    def restore(self) -> None:
        """Put back the best parameters, where early stopping wants it."""
        if self.stopper is not None:
            self.stopper.restore()

    def state_dict(self) -> dict[str, Any]:
        """What going on needs, as plain numbers and lists."""
        schedule = self.schedule.state_dict() if hasattr(self.schedule, "state_dict") else None
        return {
            "epochs": self.epochs,
            "steps": self.steps,
            "generator": _state(self.generator),
            "split_from": self.split_from,
            "schedule": schedule,
            "stopper": self.stopper.state_dict() if self.stopper else None,
        }


def earlier_course(optimizer: Any) -> dict[str, Any]:
    """The state of the last training with `optimizer`; StateError if there is none."""
    progress = getattr(optimizer, "progress", None)
    if progress is None:
        raise StateError(
            "resume=True goes on with the last training of this optimizer, but it has none: "
            "nn.load(path, model, optimizer=optimizer) reads one, or leave resume out"
        )
    wanted = {"epochs", "steps", "generator", "split_from", "schedule", "stopper"}
    if not isinstance(progress, dict) or set(progress) != wanted:
        raise StateError(f"the progress of an optimizer has {', '.join(sorted(wanted))}")
    for name in ("epochs", "steps"):
        try:
            as_count(f"{name} in the progress of an optimizer", progress[name], 0)
        except SettingError as error:
            raise StateError(str(error)) from None
    for name in ("generator", "split_from"):
        if progress[name] is not None:
            _generator(progress[name])
    return progress


def _load(follower: Any, state: Any) -> None:
    """Let `follower` go on from `state`, which a file may have had."""
    try:
        follower.load_state_dict(state)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        kind = type(follower).__name__
        raise StateError(
            f"the progress of the optimizer does not fit this {kind}: {error}"
        ) from None


def _state(generator: Random) -> Any:
    """Where `generator` stands, as plain lists; None where it cannot tell."""
    try:
        version, numbers, spare = generator.getstate()
    except NotImplementedError:  # of the system's own randomness
        return None
    return [version, list(numbers), spare]


def _generator(state: Any) -> Random:
    generator = Random()
    try:
        version, numbers, spare = state
        generator.setstate((version, tuple(numbers), spare))
    except (TypeError, ValueError):
        raise StateError("the saved state of the shuffling is none of random.Random") from None
    return generator
