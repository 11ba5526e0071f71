"""fit: the training loop, with everything one writes around it by hand."""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing, nullcontext
from typing import Any

from nn.arguments.messages import warn
from nn.arguments.seeds import Seed
from nn.arguments.settings import as_count, as_flag
from nn.class_reading.target_kinds import targets_kind
from nn.class_reading.which_reading import as_threshold, loss_is_unknown
from nn.data import as_batch_size
from nn.fitting.early_stopping import EarlyStopping, stopper_of
from nn.fitting.fit_arguments import (
    Callback,
    check_parts,
    read_callbacks,
    read_clip_norm,
    read_metrics,
    read_schedule,
    read_validation,
)
from nn.fitting.progress_bar import progress_bar
from nn.fitting.resuming import Course, earlier_course
from nn.fitting.samples import counting, read_held, read_samples
from nn.fitting.session import Session
from nn.fitting.sharding import Shards
from nn.fitting.trainer import Loss, Metric, Trainer, judged
from nn.history import History
from nn.metrics import judge_of
from nn.module import Module
from nn.optimizer import Optimizer
from nn.schedules import Schedule
from nn.storage import save


def fit(
    model: Module,
    X: Any,
    y: Any,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 20,
    batch_size: int = 32,
    *,
    validation: tuple[Any, Any] | float | None = None,
    schedule: Schedule | None = None,
    early_stopping: EarlyStopping | int | bool | None = None,
    clip_norm: float | None = None,
    callbacks: Iterable[Callback] | None = (),
    metrics: Mapping[str, Metric] | None = None,
    seed: Seed = 0,
    progress: bool = True,
    record: bool = False,
    watch: bool = False,
    resume: bool = False,
    compile: bool = True,
    threshold: float | None = None,
    sample_weight: Any = None,
    executor: Any = None,
    shards: int | None = None,
    retries: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
) -> History:
    """Train `model` on samples `X` and targets `y`; returns the History.

    Args:
        model: called with one sample, gives one prediction.
        X: the samples, by row: a list, an array, a DataFrame, an iterator ...
        y: one target each, as `loss` wants them.
        loss: of a list of predictions and a list of targets, such as
            ``nn.cross_entropy``; the mean over the batch.
        optimizer: made with ``model.parameters()``.
        epochs: passes over all samples, with `resume` that many more.
        batch_size: samples per update; the last batch of an epoch may be shorter.
        validation: ``(X, y)``, or the share of the samples to hold out.
        schedule: the learning rate of each epoch, or with ``nn.schedules.by_step`` of
            each update; without it the optimizer's stays.
        early_stopping: an EarlyStopping, its patience in epochs, or True for 5.
        clip_norm: the largest gradient norm let through.
        callbacks: called as ``callback(history, model)`` after each epoch; one
            that returns True stops the training.
        metrics: further functions of all predictions (plain numbers) and targets of
            an epoch by name, such as ``{"accuracy": nn.metrics.accuracy}``; the
            history keeps them, of the held-out samples too.
        seed: of the shuffling and of the held-out samples: an int, a
            ``random.Random``, a generator of NumPy, or None.
        resume: whether to go on where the last `fit` with this optimizer ended, also
            one that ``nn.save(model, path, optimizer=...)`` saved: with the next
            epoch, its schedule, shuffling, held-out samples and early stopping.
        compile: whether the loss is traced once, to be replayed for every batch without
            Values, many times faster, with the same results up to rounding (see
            `autograd.compile`). A model or loss that looks at numbers while it computes, or
            is another one at every call, is trained with Values all the same: then
            ``history.not_compiled`` says why. False trains with Values.
        progress: whether to show a progress bar.
        record: whether the history also keeps the gradients and updates of each
            layer, about five times an epoch, and the parameters after each epoch.
        watch: whether to show, in a notebook, pictures that follow the training;
            implies `record`.
        threshold: the number above which a single output means class 1, where
            neither the loss nor the model's output says it.
        sample_weight: one number from 0 up for each sample, by row, for the losses
            of `nn`: what it counts for in the loss, also where it is held out. Samples
            of weight 0 are left out, as those with a target that the loss ignores
            are; accuracy and metrics count all others alike.
        executor: who computes the batches: an executor of ``concurrent.futures``, or of that
            shape (``client.get_executor()`` of Dask, Ray, mpi4py), or a function that makes one.
            Workers hold the Program of the loss and get numbers and a part of the batch. It needs
            a loss of `nn` that compiles; validation and metrics stay here.
        shards: into how many parts a batch is cut then; gradients are added in their order, so
            the bits depend on this number alone, whoever the workers are. By default 2.
        retries: how often a step is tried again whose worker failed or died; else WorkerError
            says which, and model and optimizer are as after the last finished step.
        checkpoint: a file to which `nn.save` writes model and optimizer after each epoch;
            ``nn.load(path, model, optimizer=optimizer)`` and ``fit(..., resume=True)`` go on from
            there, to the bit.

    Where the loss and the output say which class is meant (see `nn.class_reading`), there is
    an accuracy, too. Ctrl-C (or Jupyter's stop button)
    ends the training, not the program: what was learned stays in the model and
    ``history.stopped`` is "interrupted"; to resume then begins the epoch again.
    Training twice with 5 epochs, the second time with ``resume=True``, gives the bits
    of 10 epochs, in another process too. A loss or gradient that is nan or infinite
    raises AnomalyError and leaves the parameters as they were before that update;
    DataError names the row and column of a nan in X or y, and ParametersError says
    when the optimizer's parameters are not those of the model.

    >>> import nn
    >>> X, y = nn.data.moons(40, seed=0)
    >>> model = nn.MLP(2, [8, 1], generator=0)
    >>> history = nn.fit(model, X, y, nn.binary_cross_entropy_with_logits,
    ...                  nn.Adam(model.parameters(), 0.05), epochs=30, progress=False)
    >>> history.loss[-1] < history.loss[0]
    True

    """
    check_parts(model, loss, optimizer)
    epochs, batch_size = as_count("epochs", epochs), as_batch_size("batch_size", batch_size)
    callbacks, progress = read_callbacks(callbacks), as_flag("progress", progress)
    watch = as_flag("watch", watch)
    record = as_flag("record", record) or watch
    trainer = Trainer(
        model,
        loss,
        optimizer,
        clip_norm=read_clip_norm(clip_norm),
        metrics=read_metrics(metrics),
        schedule=read_schedule(schedule),
        threshold=as_threshold(threshold),
        compile=as_flag("compile", compile),
    )
    workers = _workers(trainer, executor, shards, retries)
    stopper = stopper_of(early_stopping, trainer.trained)
    earlier = earlier_course(optimizer) if as_flag("resume", resume) else None
    validation = read_validation(validation)
    samples = counting(read_samples(model, X, y, loss), sample_weight, loss)
    held = read_held(model, validation, loss)
    course = Course(seed, trainer.schedule, stopper, earlier)
    if isinstance(validation, float):
        samples, held = course.held_out(samples, validation)
    course.begin()
    session = Session(trainer, course, samples, held, batch_size=batch_size, callbacks=callbacks)
    history = session.history
    if record:
        session.record(epochs)
    with _watching(trainer, history, samples) if watch else nullcontext() as seen, workers:
        with progress_bar(epochs, len(samples.X), shown=progress) as bar:
            try:
                for epoch in range(course.epochs, course.epochs + epochs):
                    session.train(epoch, bar)
                    session.end_epoch()
                    if checkpoint is not None:
                        save(model, checkpoint, optimizer=optimizer)
                    if history.stopped:
                        break
                    if seen:
                        seen.update()
            except KeyboardInterrupt:
                history.stopped = "interrupted"
        session.restore()
    return history


def _workers(trainer: Trainer, executor: Any, shards: int | None, retries: int) -> Any:
    """Let them do the batches, if there is an executor; closes what it made."""
    if executor is None:
        if shards is not None or retries:
            raise TypeError("shards= and retries= belong to executor=: give that too")
        return nullcontext()
    if trainer.compiled is None:
        raise TypeError("fit(executor=...) trains by a Program: leave compile=False out")
    trainer.compiled.shards = Shards(executor, 2 if shards is None else shards, retries)
    return closing(trainer.compiled.shards)


def _watching(trainer: Trainer, history: History, samples: Any) -> Any:
    """The pictures of the training; they load where they are asked for."""
    from nn.pictures.live import watching

    return watching(history, trainer.model, samples.X, samples.y, lambda: trainer.judge)


def evaluate(
    model: Module,
    X: Any,
    y: Any,
    loss: Loss,
    *,
    threshold: float | None = None,
    sample_weight: Any = None,
) -> tuple[float, float]:
    """The loss and the accuracy (nan for a regression) of `model` on samples, without training.

    X and y are read as by `fit`: by row, whatever holds them, and without gaps.
    `threshold` is the number above which a single output means class 1, where
    neither the loss nor the model's output says it; `sample_weight` is that of `fit`.
    """
    threshold = as_threshold(threshold)
    samples = counting(read_samples(model, X, y, loss), sample_weight, loss)
    judge = judge_of(loss, model, samples.X, samples.y, threshold)
    if judge is None and loss_is_unknown(loss) and targets_kind(samples.y) == "two":
        warn(
            "no accuracy: neither the loss nor the output says which numbers mean class 1; give "
            "evaluate(..., threshold=0.0) for logits, 0.5 for probabilities"
        )
    total, accuracy, _ = judged(model, samples, loss, judge)
    return total, accuracy
