"""One call of `fit`: what is trained on what, epoch by epoch, and what ends it."""

import sys
import time
from typing import Any

from nn.arguments.settings import as_switch
from nn.fitting.fit_arguments import Callback
from nn.fitting.recorder import Recorder
from nn.fitting.resuming import Course
from nn.fitting.samples import Samples
from nn.fitting.trainer import Trainer
from nn.history import History


class Session:
    """A `trainer` that goes on from where `course` stands, and writes a history."""

    def __init__(
        self,
        trainer: Trainer,
        course: Course,
        samples: Samples,
        held: Samples | None,
        *,
        batch_size: int,
        callbacks: list[Callback],
    ) -> None:
        self.trainer, self.course, self.samples, self.held = trainer, course, samples, held
        self.batch_size, self.callbacks = batch_size, callbacks
        self.history = History()
        trainer.train_on(samples, course.steps)
        trainer.set_rate(course.epochs)  # one that is no number is refused before all begins

    def record(self, epochs: int) -> None:
        """Let the history also keep gradients, updates and parameters."""
        batches = -(-len(self.samples.X) // self.batch_size)
        self.trainer.recorder = Recorder(self.trainer.model, self.history, batches, epochs)

    def train(self, epoch: int, bar: Any) -> None:
        """One epoch, and the look at the samples held out; what came of it is in the history."""
        started = time.perf_counter()
        batches = self.samples.batches(self.batch_size, self.course.generator)
        entry, measured = self.trainer.epoch(batches, bar, epoch)
        self.say_how(bar)
        if self.held:
            held_entry, held_measured = self.trainer.validation(self.held)
            entry, measured = entry | held_entry, measured | held_measured
        self.history.enter(entry, measured, time.perf_counter() - started)

    def say_how(self, bar: Any) -> None:
        """Enter whether batches are replayed, as the bar says; say once why not."""
        history, compiled = self.history, self.trainer.compiled
        if compiled is None:
            return
        if compiled.refused and not history.not_compiled:
            history.not_compiled = compiled.refused
            bar.write(f"trained with Values, not compiled: {compiled.refused}", file=sys.stderr)
        history.compiled = compiled.program is not None and not compiled.refused

    def end_epoch(self) -> None:
        """Let all that follows the training see the epoch; ``history.stopped`` says who ends it."""
        history, trainer, course = self.history, self.trainer, self.course
        if trainer.recorder is not None:
            trainer.recorder.end_epoch()
        if course.observe((history.validation_loss or history.loss)[-1], trainer.steps):
            history.stopped = "early stopping"
        trainer.optimizer.progress = course.state_dict()
        # A list, so that every callback is called even when one stops the training.
        answers = [callback(history, trainer.model) for callback in self.callbacks]
        if any(as_switch(answer) for answer in answers):
            history.stopped = "callback"
        if trainer.compiled is not None and self.has_functions:
            trainer.compiled.look_again()  # they may have changed the model

    @property
    def has_functions(self) -> bool:
        """Whether functions of the user's run between the epochs."""
        schedule = self.trainer.schedule
        own = getattr(schedule, "__module__", "") != "nn.schedules"
        return bool(self.callbacks or self.trainer.metrics or (schedule is not None and own))

    def restore(self) -> None:
        """Put back the best weights where early stopping wants them, unless it was interrupted."""
        if self.history.epochs and self.history.stopped != "interrupted":
            self.course.restore()
            self.trainer.optimizer.progress = self.course.state_dict()
