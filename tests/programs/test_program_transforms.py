"""Transforms of Programs are Programs, and Programs of transforms are traced."""

import random
from itertools import pairwise

import pytest

import autograd
from autograd import (
    Value,
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from autograd.programs.program import Program


def smooth(x):
    return autograd.sum([a * a * autograd.tanh(b) for a, b in pairwise(x)])


def kinked(x):
    return autograd.relu(x[0]) + autograd.abs(x[1]) * autograd.maximum(x[1], x[2])


def largest(x):
    return autograd.max(x) * x[0] + autograd.min(x)


def likelihood(x):
    return autograd.log_softmax(x)[1] + autograd.logsumexp(x) + autograd.norm(x)


def several(x):
    return [x[0] * x[1], autograd.exp(x[2]), 1.0]


def cube(x):
    return x**3 * autograd.sin(x)


ONE = [smooth, kinked, largest, likelihood]


def points(seed):
    rng = random.Random(seed)
    return [[rng.gauss(0.0, 2.0) for _ in range(3)] for _ in range(6)]


def assert_same(found, wanted):
    numbers, others = (
        autograd.support.structures.flatten(found)[0],
        (autograd.support.structures.flatten(wanted)[0]),
    )
    assert numbers == pytest.approx(others, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("function", ONE)
@pytest.mark.parametrize(
    "transform",
    [
        grad,
        value_and_grad,
        hessian,
        jacobian,
        lambda f: grad(lambda x: autograd.sum(grad(f)(x))),
        lambda f: lambda x: jvp(f, (x,), ([1.0, -2.0, 0.5],)),
        lambda f: lambda x: hvp(f, (x,), ([1.0, -2.0, 0.5],)),
        lambda f: lambda x: vjp(f, x)[1](2.0),
    ],
    ids=["grad", "value_and_grad", "hessian", "jacobian", "grad of grad", "jvp", "hvp", "vjp"],
)
def test_a_transform_is_traced_at_one_point_and_right_at_others(transform, function):
    of_compiled = transform(autograd.compile(function))
    compiled = autograd.compile(transform(function))
    for x in points(0):
        wanted = transform(function)(x)
        assert_same(compiled(x), wanted)
        assert_same(of_compiled(x), wanted)


def test_transforms_of_a_program_are_programs():
    program = autograd.compile(smooth)
    for transform in (grad, value_and_grad, hessian, jacobian):
        assert isinstance(transform(program), Program)
        assert transform(program) is transform(program)  # traced once
    assert grad(program, argnums=(0,)) is not grad(program)


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_derivatives(n):
    program = derivative(autograd.compile(cube), n)
    traced = autograd.compile(derivative(cube, n))
    for x in (1.2, -0.7, 3.0):
        wanted = derivative(cube, n)(x)
        assert program(x) == pytest.approx(wanted, rel=1e-12)
        assert traced(x) == pytest.approx(wanted, rel=1e-12)


def test_several_outputs():
    program = autograd.compile(several)
    for x in points(1):
        assert_same(jacobian(program)(x), jacobian(several)(x))
        value, back = vjp(program, x)
        wanted, eager_back = vjp(several, x)
        assert_same(value, wanted)
        assert_same(back([1.0, 2.0, 3.0]), eager_back([1.0, 2.0, 3.0]))


def test_a_gradient_may_be_part_of_a_loss():
    w = Value(0.7)

    def penalty(x):
        slope = grad(lambda z: autograd.tanh(w * z) * z)(x)
        return slope * slope

    program = autograd.compile(penalty)
    program(0.1)
    for x in (0.5, -1.5):
        w.zero_grad()
        expected = penalty(Value(x))
        expected.backward()
        by_w = w.grad
        w.zero_grad()
        assert program.backward(x) == pytest.approx(expected.data, rel=1e-13)
        assert w.grad == pytest.approx(by_w, rel=1e-12)


def test_with_values_results_are_values_that_can_be_differentiated():
    x = Value(2.0)
    slope = grad(autograd.compile(cube))(x)
    assert isinstance(slope, Value)
    slope.backward()
    assert x.grad == pytest.approx(derivative(cube, 2)(2.0), rel=1e-13)
