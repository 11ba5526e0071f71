"""Batches on workers: the same bits for any of them, and what happens where one dies."""

import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

import nn
from nn.fitting.sharding import WorkerError, packed, unpacked

X, Y = nn.data.moons(60, noise=0.1, seed=0)
LOSS = nn.binary_cross_entropy_with_logits


def processes(count):
    # Not forked: the tests have threads.
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


def parts():
    model = nn.MLP(2, [6, 1], "tanh", generator=0)
    return model, nn.Adam(model.parameters(), 0.03)


def trained(executor=None, epochs=3, **options):
    model, optimizer = parts()
    history = nn.fit(
        model, X, Y, LOSS, optimizer, epochs, 20, progress=False, executor=executor, **options
    )
    return [p.data for p in model.parameters()], history


class Late:
    """An executor that does a task when its result is asked for, the last one first."""

    def __init__(self):
        self.waiting = []

    def submit(self, function, *given):
        future = Future()
        self.waiting.append((future, function, given))
        original = future.result

        def result():
            for each, call, arguments in reversed(self.waiting):
                if not each.done():
                    each.set_result(call(*arguments))
            return original()

        future.result = result
        return future


class Faulty(ThreadPoolExecutor):
    """An executor of which some tasks fail."""

    def __init__(self, fails):
        super().__init__(1)
        self.fails, self.tasks = fails, 0

    def submit(self, function, *given):
        self.tasks += 1
        if self.tasks in self.fails:
            return super().submit(int, "no number")
        return super().submit(function, *given)


def test_the_bits_depend_on_the_shards_alone():
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(3) as three:
        found = [trained(executor, shards=3) for executor in (one, three, Late())]
    assert found[0][0] == found[1][0] == found[2][0]
    assert found[0][1].loss == found[1][1].loss
    assert found[0][1].accuracy == found[2][1].accuracy
    alone, history = trained()
    assert found[0][0] == pytest.approx(alone, rel=1e-12)
    assert found[0][1].loss == pytest.approx(history.loss, rel=1e-12)
    assert found[0][1].compiled


@pytest.mark.parametrize("shards", [1, 2, 7, 50])
def test_any_number_of_shards(shards):
    with ThreadPoolExecutor(2) as executor:
        numbers, _ = trained(executor, shards=shards)
    assert numbers == pytest.approx(trained()[0], rel=1e-12)


def test_weights_classes_and_clipping():
    points, classes = nn.data.spiral(30, seed=0)

    def run(executor):
        model = nn.MLP(2, [5, 3], "tanh", generator=0)
        optimizer = nn.SGD(model.parameters(), 0.1, momentum=0.9)
        weights = [1.0 + i % 3 for i in range(len(points))]
        nn.fit(model, points, classes, nn.cross_entropy, optimizer, 2, 16, progress=False,
               executor=executor, sample_weight=weights, clip_norm=0.5, validation=0.2)  # fmt: skip
        return [p.data for p in model.parameters()]

    with ThreadPoolExecutor(2) as executor:
        assert run(executor) == pytest.approx(run(None), rel=1e-12)


def test_a_failure_names_the_shard_and_the_step_and_changes_nothing():
    model, optimizer = parts()
    # Two shards a step; a worker without the Program is asked twice at first.
    executor = Faulty({9})
    with pytest.raises(WorkerError, match=r"shard \d of 2 failed in step \d: ValueError") as caught:
        nn.fit(model, X, Y, LOSS, optimizer, 3, 20, progress=False, executor=executor)
    steps = int(str(caught.value).split("as after step ")[1].split(";")[0])
    assert "in epoch" in str(caught.value)
    assert optimizer.steps == steps > 0
    again, same = parts()
    batches = []

    class EnoughError(Exception):
        """Ends it there."""

    original = same.step

    def step(loss=None):
        if len(batches) == steps:
            raise EnoughError
        batches.append(1)
        original(loss)

    same.step = step
    with pytest.raises(EnoughError), ThreadPoolExecutor(1) as whole:
        nn.fit(again, X, Y, LOSS, same, 3, 20, progress=False, executor=whole)
    assert [p.data for p in model.parameters()] == [p.data for p in again.parameters()]


def test_a_failure_is_tried_again_when_asked():
    numbers, _ = trained(Faulty({9, 12}), retries=1)
    with ThreadPoolExecutor(1) as whole:
        assert numbers == trained(whole)[0]


def test_a_checkpoint_goes_on_to_the_bit(tmp_path):
    path = tmp_path / "model.json"
    with ThreadPoolExecutor(2) as executor:
        whole, _ = trained(executor, epochs=5)
        trained(executor, epochs=2, checkpoint=path)
        model, optimizer = parts()
        nn.load(path, model, optimizer=optimizer)
        nn.fit(model, X, Y, LOSS, optimizer, 3, 20, progress=False, executor=executor, resume=True)
    assert [p.data for p in model.parameters()] == whole


def test_what_workers_cannot_do_is_refused():
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(TypeError, match="none of nn"):
            model, optimizer = parts()
            nn.fit(model, X, Y, lambda p, t: LOSS(p, t) * 2.0, optimizer, 1, progress=False,
                   executor=executor)  # fmt: skip
        with pytest.raises(TypeError, match="compile=False"):
            trained(executor, compile=False)
        with pytest.raises(ValueError, match="shards"):
            trained(executor, shards=0)
    with pytest.raises(TypeError, match="executor"):
        trained(3)
    with pytest.raises(TypeError, match="belong to executor"):
        trained(shards=2)


@pytest.mark.parametrize(
    "X", [[[1.0, 2.0], [3.0, 4.0]], [[1.0], [2.0, 3.0]], [[1, 2.0]], [1.0, 2.0], [], [[]]]
)
def test_rows_travel_as_they_are(X):
    assert unpacked(packed(X)) == X
    assert (type(packed(X)) is tuple) is (X == [[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.slow
def test_processes_give_the_bits_of_threads():
    with ThreadPoolExecutor(1) as threads, processes(2) as pool:
        assert trained(pool, shards=3)[0] == trained(threads, shards=3)[0]


class Killing:
    """Makes pools of processes, and kills a worker of the first after some tasks."""

    def __init__(self, after):
        self.after, self.made = after, 0

    def __call__(self):
        self.made += 1
        pool, first = processes(1), self.made == 1
        tasks, submit, after = [], pool.submit, self.after

        def submitting(*given):
            tasks.append(1)
            if first and len(tasks) == after:
                pid = submit(os.getpid).result()
                os.kill(pid, signal.SIGKILL)
            return submit(*given)

        pool.submit = submitting
        return pool


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_worker_that_is_killed_is_an_error_or_replaced():
    with pytest.raises(WorkerError, match="function that makes one"):
        trained(Killing(9))
    killing = Killing(9)
    numbers, _ = trained(killing, retries=2)
    assert killing.made == 2
    with ThreadPoolExecutor(1) as whole:
        assert numbers == trained(whole)[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_dask_gives_the_same_bits_also_where_a_worker_is_killed():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = list(client.run(os.getpid).values())
        killed = threading.Event()

        def kill(history, _model):
            if not killed.is_set():
                killed.set()
                os.kill(pids[0], signal.SIGKILL)

        numbers, history = trained(
            client.get_executor(), shards=3, epochs=4, retries=3, callbacks=[kill]
        )
    with ThreadPoolExecutor(1) as whole:
        wanted, _ = trained(whole, shards=3, epochs=4)
    assert numbers == wanted
    assert history.epochs == 4
