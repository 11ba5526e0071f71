"""Training in two parts, with everything saved between, gives the bits of training at once."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from resumable import LOGITS, OPTIMIZERS, SCHEDULES, X, Y, start, state, train

import autograd
import nn
from autograd import Value
from nn import schedules
from nn.optimizer import StateError

ROOT = Path(__file__).parents[3]


def in_two_parts(path, optimizer="adam", first=5, second=5, **options):
    """What is left after training, saving, loading into new objects and going on."""
    model, trainer = start(optimizer)
    histories = [train(model, trainer, first, **options)]
    nn.save(model, path, optimizer=trainer)
    model, trainer = start(optimizer, seed=9)
    assert nn.load(path, model, optimizer=trainer) is model
    histories.append(train(model, trainer, second, resume=True, **options))
    return state(model, trainer), [loss for history in histories for loss in history.loss]


def at_once(optimizer="adam", epochs=10, **options):
    model, trainer = start(optimizer)
    history = train(model, trainer, epochs, **options)
    return state(model, trainer), history.loss


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_goes_on_to_the_bit(tmp_path, optimizer):
    assert in_two_parts(tmp_path / "m", optimizer) == at_once(optimizer)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_goes_on_to_the_bit(tmp_path, schedule):
    assert in_two_parts(tmp_path / "m", schedule=schedule) == at_once(schedule=schedule)


@pytest.mark.parametrize(
    "options",
    [
        {"validation": 0.2},
        {"validation": 0.2, "seed": None},  # the same samples are held out all the same
        {"validation": (X[:5], Y[:5]), "schedule": "plateau"},
        {"early_stopping": 3},
        {"early_stopping": nn.EarlyStopping(2, restore=False), "validation": 0.3},
        {"clip_norm": 0.1, "record": True},
        {"metrics": {"accuracy": nn.metrics.accuracy}},
        {"seed": 7},
    ],
    ids=lambda options: ", ".join(options),
)
def test_every_option_goes_on_to_the_bit(tmp_path, options):
    if options.get("seed", 0) is None:
        model, trainer = start()
        train(model, trainer, 5, **options)
        held = trainer.progress["split_from"]
        nn.save(model, tmp_path / "m", optimizer=trainer)
        twins = []
        for _ in range(2):
            twin, trainer = start()
            nn.load(tmp_path / "m", twin, optimizer=trainer)
            train(twin, trainer, 5, resume=True, **options)
            twins.append(state(twin, trainer))
            assert trainer.progress["split_from"] == held
        assert twins[0] == twins[1]
    else:
        assert in_two_parts(tmp_path / "m", **options) == at_once(**options)


@pytest.mark.parametrize("seed", [np.random.default_rng, np.random.RandomState, random.Random])
def test_any_generator_goes_on_in_one_process(seed):
    model, trainer = start()
    train(model, trainer, 3, seed=seed(4))
    train(model, trainer, 2, seed=seed(4), resume=True)
    whole = start()
    train(*whole, 5, seed=seed(4))
    assert state(model, trainer) == state(*whole)


def test_the_weights_that_early_stopping_put_aside_come_back(tmp_path):
    # Restored to the best after five epochs, the training goes on where it was, not there.
    options = {"schedule": "by step", "early_stopping": nn.EarlyStopping(9), "seed": 3}
    model, trainer = start("sgd")
    trainer.learning_rate = 0.5
    losses = train(model, trainer, 5, **options).loss
    stopper = trainer.progress["stopper"]
    assert [p.data for p in model.parameters()] == stopper["kept"]
    assert in_two_parts(tmp_path / "m", "sgd", **options)[1][:5] == losses
    assert in_two_parts(tmp_path / "m", "sgd", **options) == at_once("sgd", **options)


def test_a_checkpoint_written_by_a_callback_goes_on(tmp_path):
    model, trainer = start()

    def keep(history, model):
        if history.epochs == 3:
            nn.save(model, tmp_path / "m", optimizer=trainer)

    train(model, trainer, 6, schedule="cosine", callbacks=[keep])
    again, other = start(seed=5)
    nn.load(tmp_path / "m", again, optimizer=other)
    train(again, other, 3, schedule="cosine", resume=True)
    assert state(again, other) == state(model, trainer)


def test_parameters_of_the_loss_go_on_too(tmp_path):
    def parts():
        model, scale = nn.MLP(2, [3, 1], generator=0), Value(1.0)
        loss = lambda p, t: LOGITS([scale * q for q in p], t)  # noqa: E731
        return model, scale, nn.Adam([*model.parameters(), scale], 0.05), loss

    model, scale, trainer, loss = parts()
    train(model, trainer, 6, loss=loss)
    half, half_scale, half_trainer, half_loss = parts()
    train(half, half_trainer, 3, loss=half_loss)
    nn.save(half, tmp_path / "m", optimizer=half_trainer)
    again, other_scale, other_trainer, other_loss = parts()
    nn.load(tmp_path / "m", again, optimizer=other_trainer)
    assert other_scale.data == half_scale.data != 1.0
    train(again, other_trainer, 3, loss=other_loss, resume=True)
    assert (again.state_dict(), other_scale.data) == (model.state_dict(), scale.data)


def test_without_resume_a_training_begins_anew():
    model, trainer = start()
    first = train(model, trainer, 1, schedule="cosine")
    second = train(model, trainer, 1, schedule="cosine")
    assert first.learning_rate == second.learning_rate == [0.1]
    assert trainer.progress["epochs"] == 1
    third = train(model, trainer, 1, schedule="cosine", resume=True)
    assert third.learning_rate == [schedules.cosine(0.1, 10)(1)]


def test_an_interrupted_epoch_is_begun_again():
    model, trainer = start()

    def interrupt(history, model):
        if history.epochs == 2:
            raise KeyboardInterrupt

    train(model, trainer, 9, callbacks=[interrupt])
    assert trainer.progress["epochs"] == 2
    assert train(model, trainer, 1, resume=True).epochs == 1
    assert trainer.progress["epochs"] == 3


@pytest.mark.parametrize("progress", [3, {}, {"epochs": 1}])
def test_progress_that_is_none_is_refused(progress):
    model, trainer = start()
    trainer.progress = progress
    with pytest.raises(ValueError, match="the progress of an optimizer has"):
        train(model, trainer, 1, resume=True)


def broken_progress():
    """Every part of the progress, in turn replaced by what it cannot be."""
    model, trainer = start("adam")
    train(model, trainer, 2, "plateau", early_stopping=3)
    good = trainer.progress
    for name in ("epochs", "steps", "generator", "split_from", "schedule", "stopper"):
        wrong = ["x", 1.5, [], {}] if name != "stopper" else ["x", 1.5, [], {"best": 1.0}]
        yield from ((f"{name}={bad!r}", {**good, name: bad}) for bad in wrong)
    for part in ("schedule", "stopper"):
        for name in good[part]:
            broken = {**good, part: {**good[part], name: ["x"]}}
            yield f"{part}.{name}", broken
    for name in ("kept", "last"):
        yield f"short {name}", {**good, "stopper": {**good["stopper"], name: [1.0]}}


BROKEN = dict(broken_progress())


@pytest.mark.parametrize("name", BROKEN)
def test_broken_progress_is_refused_before_anything_is_changed(name):
    model, trainer = start("adam")
    trainer.progress = BROKEN[name]
    before = state(model, trainer)
    with pytest.raises(StateError):
        train(model, trainer, 1, "plateau", resume=True, early_stopping=3)
    assert state(model, trainer) == before


def test_a_generator_that_is_none_is_refused():
    model, trainer = start()
    train(model, trainer, 1)
    trainer.progress = trainer.progress | {"generator": [3, [1, 2], None]}
    with pytest.raises(ValueError, match="the saved state of the shuffling"):
        train(model, trainer, 1, resume=True)


INSTALLED = str(Path(autograd.__file__).parents[1])  # which may be elsewhere than the tests
PART = """
import sys
sys.path.insert(0, {tests!r})
import nn, json, resumable
from autograd import engine
print(engine)
for optimizer in resumable.OPTIMIZERS:
    path = f"{folder}/{{optimizer}}.json"
    model, trainer = resumable.start(optimizer, seed={seed})
    if {resume}:
        nn.load(path, model, optimizer=trainer)
    resumable.train(
        model, trainer, 2, "warm up", resume={resume}, validation=0.2, compile={compiled}
    )
    nn.save(model, path, optimizer=trainer)
    print(json.dumps(resumable.state(model, trainer)))
"""


@pytest.mark.parametrize(("pure", "compiled"), [("0", True), ("0", False), ("1", False)])
def test_a_fresh_process_goes_on_to_the_bit_on_either_engine(tmp_path, pure, compiled):
    def run(seed, *, resume):
        tests = str(ROOT / "tests")
        code = PART.format(
            tests=tests, folder=tmp_path, seed=seed, resume=resume, compiled=compiled
        )
        result = subprocess.run(
            [sys.executable, "-P", "-c", code], cwd=tmp_path,
            env=os.environ | {"AUTOGRAD_PURE": pure, "PYTHONPATH": INSTALLED},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return result.stdout.splitlines()

    run(1, resume=False)
    engine, *halves = run(9, resume=True)
    assert engine == "pure" or pure == "0"
    whole = []
    if compiled and autograd.engine == "pure":
        pytest.skip("a Program of the compiled part rounds otherwise")
    for optimizer in OPTIMIZERS:  # here, on whatever engine: without Programs they agree to the bit
        model, trainer = start(optimizer)
        train(model, trainer, 4, "warm up", validation=0.2, compile=compiled)
        whole.append(json.dumps(state(model, trainer)))
    assert halves == whole
