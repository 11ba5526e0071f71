"""What hangs on a Value and refers back to it is freed, on both engines."""

import gc
import weakref

import pytest

pytestmark = pytest.mark.usefixtures("quick_collections")


class Helper:
    """Something that can be watched."""


def graph(engine, kind=None):
    x = out = (kind or engine.Value)(1.0)
    for _ in range(20):
        out = out * 1.5 + x
    return out


def hook(engine, seen):
    loss, helper = graph(engine), Helper()
    loss.register_hook(lambda g: seen.append((loss.label, helper)))
    return helper


def hook_between(engine, seen):
    """A hook of a node that refers to what was computed from it, through nodes without hooks."""
    x, helper = graph(engine), Helper()
    middle = x * 2.0
    loss = (middle + 1.0) * x
    middle.register_hook(lambda g: seen.append((loss.label, helper)))
    return helper


def twin(engine, seen):
    v = graph(engine)
    v.twin, v.helper = v, Helper()
    return v.helper


def in_containers(engine, seen):
    v = graph(engine)
    v.parts, v.helper = [{"next": (v * 2.0,)}], Helper()
    return v.helper


def closure(engine, seen):
    x, helper = graph(engine), Helper()
    out = engine.Value(x.data, (x,), "same")

    def _backward():
        x.grad += out.grad
        seen.append(helper)

    out._backward = _backward
    out.backward()
    seen.clear()
    return helper


def of_two(engine, seen):
    a, b = graph(engine), graph(engine)
    a.other, b.other, a.helper = b, a, Helper()
    return a.helper


def helper_with_a_cycle(engine, seen):
    v, helper = graph(engine), Helper()
    helper.me, helper.v, v.helper = helper, v, helper
    return helper


class Tag(str):
    """A label that holds more than its text."""

    __slots__ = ("helper", "v")


def label(engine, seen):
    v, helper = graph(engine), Helper()
    v.label = Tag("x")
    v.label.v, v.label.helper = v, helper
    return helper


class Wordless(Tag):
    def __str__(self):
        raise RuntimeError("asked while Python collects")


def label_without_words(engine, seen):
    v, helper = graph(engine), Helper()
    v.label = Wordless("x")
    v.label.v, v.label.helper = v, helper
    return helper


def subclass(engine, seen):
    class Node(engine.Value):
        pass

    v, helper = graph(engine, Node), Helper()
    v.children, v.helper = [v, v + 1.0], helper
    return helper


def subclass_through_plain(engine, seen):
    class Node(engine.Value):
        pass

    x, helper = Node(1.0), Helper()
    out = engine.Value(2.0) * 3.0
    with_node = engine.Value(1.0, (x, out), (1.0, 1.0))
    x.child, x.helper = with_node, helper
    return helper


CYCLES = [hook, hook_between, twin, in_containers, closure, of_two, helper_with_a_cycle, label,
          label_without_words, subclass, subclass_through_plain]  # fmt: skip


@pytest.mark.parametrize("make", CYCLES)
def test_a_cycle_is_collected(engine, make):
    alive = weakref.ref(make(engine, []))
    gc.collect()
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("make", CYCLES)
def test_cycles_do_not_pile_up_even_if_nobody_asks(engine, make):
    """Of 1,000 graphs at most a few hundred are ever alive: memory does not grow with the steps."""
    alive, most = weakref.WeakSet(), 0
    for _ in range(1000):
        alive.add(make(engine, []))
        most = max(most, len(alive))
    assert most < 500


@pytest.mark.parametrize("make", [hook, twin, in_containers, of_two, label, subclass])
def test_what_is_still_used_is_kept(engine, make):
    """Everything stays as it is where one reference from outside leads into the cycle."""
    seen = []
    helper = make(engine, seen)
    kept = [r for r in gc.get_referrers(helper) if isinstance(r, dict)] or [helper]
    for _ in range(3):
        gc.collect()
    assert kept
    v = graph(engine)
    v.twin, v.colour = v, "red"
    consumer = v * 2.0
    del v
    gc.collect()
    [back, _] = consumer.parents
    assert (back.colour, back.twin is back) == ("red", True)


def test_a_hook_that_refers_to_its_value_is_called_after_collections(engine):
    seen = []
    loss = graph(engine)
    loss.label = "L"
    loss.register_hook(lambda g: seen.append((loss.label, g)))
    holder = [loss * 1.0]
    for _ in range(3):
        gc.collect()
    holder[0].backward()
    assert seen == [("L", 1.0)]


def test_a_model_whose_hooks_refer_to_it_survives(engine):
    class Model:
        def __init__(self):
            self.parameters = [engine.Value(float(i)) for i in range(200)]
            self.count = 0
            for p in self.parameters:
                p.owner = self
                p.register_hook(self.note)

        def note(self, gradient):
            self.count += 1

    model = Model()
    gc.collect()
    sum(model.parameters).backward()
    assert model.count == 200
    alive = weakref.ref(model)
    del model
    gc.collect()
    gc.collect()
    assert alive() is None


def test_many_subclass_nodes_die_in_a_long_chain(engine):
    class Node(engine.Value):
        died = 0

        def __del__(self):
            Node.died += 1

    count = 20_000 if engine.__name__ == "autograd.value" else 200_000
    x = out = Node(1.0)
    for _ in range(count):
        out = out + x
    out.backward()
    assert x.grad == count + 1.0
    alive = weakref.ref(out)
    del out
    assert (alive(), Node.died) == (None, count)
    del x
    assert Node.died == count + 1


def test_a_subclass_without_a_dict_dies_in_a_long_chain_too(engine):
    Node = type("Node", (engine.Value,), {"__slots__": ()})
    x = out = Node(1.0)
    for step in range(100_000 if engine.__name__ == "autograd.engines.compiled" else 10_000):
        out = out + x if step % 3 else engine.Value(1.0) * out
    out.backward()
    del out
    assert x.grad > 0.0


def test_values_without_anything_of_a_user_cost_the_collector_nothing(engine):
    if engine.__name__ == "autograd.value":
        return  # ordinary Python objects: the collector sees them all
    kept = [graph(engine) for _ in range(100)]
    assert not any(gc.is_tracked(v) for v in kept)
