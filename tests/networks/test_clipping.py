"""Clipping where gradients are no finite numbers, or their norm is none, against PyTorch."""

import math

import pytest

import nn
from autograd import Value
from autograd.errors import AnomalyError


def with_gradients(*gradients):
    values = [Value(0.0) for _ in gradients]
    for value, gradient in zip(values, gradients, strict=True):
        value.grad = gradient
    return values


def gradients_of(values):
    return [value.grad for value in values]


@pytest.mark.parametrize(
    "gradients",
    [(3.0, math.nan), (math.nan,), (math.inf, 1.0), (-math.inf, math.nan, 2.0)],
    ids=str,
)
def test_a_gradient_that_is_not_finite_passes_on_as_in_torch(gradients):
    torch = pytest.importorskip("torch")
    peer = torch.zeros(len(gradients), dtype=torch.float64, requires_grad=True)
    peer.grad = torch.tensor(gradients, dtype=torch.float64)
    expected = torch.nn.utils.clip_grad_norm_([peer], 1.0).item()
    values = with_gradients(*gradients)
    assert nn.clip_gradient_norm(values, 1.0) == pytest.approx(expected, nan_ok=True)
    assert gradients_of(values) == pytest.approx(peer.grad.tolist(), nan_ok=True)


@pytest.mark.parametrize("gradient", [math.nan, math.inf, -math.inf])
def test_error_if_nonfinite_raises_and_changes_nothing(gradient):
    values = with_gradients(3.0, gradient)
    with pytest.raises(AnomalyError, match=r"the norm of the gradients is (nan|inf).*nothing"):
        nn.clip_gradient_norm(values, 1.0, error_if_nonfinite=True)
    assert gradients_of(values) == pytest.approx([3.0, gradient], nan_ok=True)


def test_error_if_nonfinite_clips_what_is_finite():
    values = with_gradients(3.0, 4.0)
    assert nn.clip_gradient_norm(values, 1.0, error_if_nonfinite=True) == 5.0
    assert gradients_of(values) == pytest.approx([0.6, 0.8], rel=1e-6)


def test_gradients_whose_norm_is_beyond_floats_are_still_clipped():
    values = with_gradients(1.2e308, -1.6e308)  # 2e308 in the direction (0.6, -0.8)
    assert nn.clip_gradient_norm(values, 5.0) == math.inf
    assert gradients_of(values) == pytest.approx([3.0, -4.0], rel=1e-12)


def test_clipping_by_value_keeps_nan_as_torch_does():
    torch = pytest.importorskip("torch")
    peer = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    peer.grad = torch.tensor([math.nan, math.inf, -0.5], dtype=torch.float64)
    torch.nn.utils.clip_grad_value_([peer], 1.0)
    values = with_gradients(math.nan, math.inf, -0.5)
    nn.clip_gradient_value(values, 1.0)
    assert gradients_of(values) == pytest.approx(peer.grad.tolist(), nan_ok=True)


def test_the_norm_is_nan_if_one_gradient_is():
    assert math.isnan(nn.gradient_norm(with_gradients(math.inf, math.nan)))
    assert nn.gradient_norm(with_gradients(math.inf, 1.0)) == math.inf
