"""Gradients kept within bounds before a step."""

import math
from collections.abc import Iterable

from autograd import Value
from autograd.errors import AnomalyError
from autograd.support.arguments import as_list
from nn.arguments.settings import as_flag, as_number


def clip_gradient_norm(
    parameters: Iterable[Value], largest: float, *, error_if_nonfinite: bool = False
) -> float:
    """Scale all gradients down together so that their norm is at most `largest`.

    Returns the norm before. The factor is largest / (norm + 1e-6), as in
    ``torch.nn.utils.clip_grad_norm_``. As there, one gradient that is nan makes all of
    them nan; `error_if_nonfinite` raises AnomalyError instead where the norm is not
    finite, and changes nothing.

    >>> from autograd import Value
    >>> x, y = Value(3.0), Value(4.0)
    >>> (x * x / 2 + y * y / 2).backward()
    >>> clip_gradient_norm([x, y], 1.0)
    5.0
    >>> round(x.grad, 3), round(y.grad, 3)
    (0.6, 0.8)
    """
    largest = as_number("largest", largest)
    parameters = as_list("parameters", parameters)
    norm = gradient_norm(parameters)
    if as_flag("error_if_nonfinite", error_if_nonfinite) and not math.isfinite(norm):
        raise AnomalyError(
            f"the norm of the gradients is {norm!r}, nothing was clipped; "
            "autograd.detect_anomaly() finds where it began"
        )
    factor = largest / (norm + 1e-6)
    if norm == math.inf:
        factor = _factor_beyond_floats(parameters, largest)
    if not factor >= 1.0:  # nan passes on to every gradient
        for parameter in parameters:
            parameter.grad *= factor
    return norm


def _factor_beyond_floats(parameters: list[Value], largest: float) -> float:
    """The factor for gradients whose norm is larger than any float; 0 if one is infinite."""
    top = max(abs(parameter.grad) for parameter in parameters)
    if top == math.inf:
        return 0.0
    return largest / top / math.hypot(*[parameter.grad / top for parameter in parameters])


def clip_gradient_value(parameters: Iterable[Value], largest: float) -> None:
    """Cut every gradient to between -`largest` and `largest`; nan stays nan, as in PyTorch."""
    largest = as_number("largest", largest)
    for parameter in as_list("parameters", parameters):
        if not math.isnan(parameter.grad):
            parameter.grad = min(max(parameter.grad, -largest), largest)


def gradient_norm(parameters: Iterable[Value]) -> float:
    """The Euclidean norm of all the gradients together; nan if one of them is nan."""
    gradients = [parameter.grad for parameter in parameters]
    return math.nan if any(map(math.isnan, gradients)) else math.hypot(*gradients)
