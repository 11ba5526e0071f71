"""PyTorch: a model as a torch.nn.Module, and back."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from autograd.programs.dialects import TORCH
from autograd.programs.formula_arrays import array_function
from nn.doors.steps import ConversionError, Step, model_of, package, steps_of
from nn.layers import LAYER_ACTIVATIONS, MLP
from nn.module import Module

# The classes of torch.nn for our activations. Each tells which settings compute as ours do.
_CLASSES: dict[str, tuple[str, dict[str, Callable[[Any], bool]]]] = {
    "identity": ("Identity", {}),
    "relu": ("ReLU", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": lambda slope: slope == 0.01}),
    "elu": ("ELU", {"alpha": lambda alpha: alpha == 1.0}),
    "hardtanh": (
        "Hardtanh",
        {"min_val": lambda low: low == -1.0, "max_val": lambda high: high == 1.0},
    ),
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    # Above the threshold it is linear: PyTorch's own 20 is 2e-9 off there, ours exact.
    "softplus": (
        "Softplus",
        {"beta": lambda beta: beta == 1.0, "threshold": lambda threshold: threshold >= 20.0},
    ),
    "gelu": ("GELU", {"approximate": lambda way: way == "none"}),
    "silu": ("SiLU", {}),
    "mish": ("Mish", {}),
    "softsign": ("Softsign", {}),
    "softmax": ("Softmax", {"dim": lambda dim: dim in (-1, 1)}),
    "log_softmax": ("LogSoftmax", {"dim": lambda dim: dim in (-1, 1)}),
}
_MADE_WITH: dict[str, dict[str, Any]] = {
    "softplus": {"threshold": 500.0},
    "softmax": {"dim": -1},
    "log_softmax": {"dim": -1},
}
_DTYPES = ("float64", "float32", "float16", "bfloat16")


def to_torch(model: Module, dtype: Any = "float64") -> Any:
    """The ``torch.nn.Sequential`` that computes what `model` does, with copies of its numbers.

    It takes a tensor of shape (..., inputs) and gives (..., outputs), also where there is one
    output. `dtype` is "float64", which keeps every bit, "float32", "float16", "bfloat16" or
    one of torch's. The names of its parameters are those in a file that ``nn.save(model,
    "x.safetensors")`` writes. Frozen parameters (``requires_grad = False``) are frozen there.

    ConversionError, by name, for a module or an activation of your own, PackageMissingError
    without ``torch``, RangeError for a number that is too large for `dtype`.

    >>> import nn
    >>> nn.to_torch(nn.MLP(2, [3, 1], "tanh", generator=0))
    Sequential(
      (layers): Sequential(
        (0): Linear(in_features=2, out_features=3, bias=True)
        (0_tanh): Tanh()
        (1): Linear(in_features=3, out_features=1, bias=True)
      )
    )
    """
    torch = package("torch", "to_torch")
    dtype = _dtype(torch, dtype)
    parts: OrderedDict[str, Any] = OrderedDict()
    for position, step in enumerate(steps_of(model, "to_torch")):
        parts[str(position)] = _linear(torch, step, dtype)
        for name in step.activations:
            parts[f"{position}_{name}"] = _activation(torch, name)
    layers = torch.nn.Sequential(parts)
    return torch.nn.Sequential(OrderedDict(layers=layers)) if isinstance(model, MLP) else layers


def from_torch(module: Any) -> MLP:
    """The MLP that computes what a ``torch.nn.Module`` does, with copies of its numbers.

    `module` is a ``Linear`` or a ``Sequential`` (of Sequentials) of them, with the activations
    that `nn` has; every number is kept to the bit, as a float holds all of torch's. A Linear
    without bias gets biases of 0 that are frozen; a Dropout is left out in ``eval()``, where
    it does nothing. ConversionError names a layer or a setting that `nn` has not.

    >>> import nn, torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    >>> nn.from_torch(module)
    MLP(2 -> 3 tanh -> 1 identity, 13 parameters)
    """
    torch = package("torch", "from_torch")
    if not isinstance(module, torch.nn.Module):
        kind = type(module).__name__
        raise ConversionError(f"from_torch takes a torch.nn.Module, got {kind} {module!r:.60}")
    known = {getattr(torch.nn, name): ours for ours, (name, _) in _CLASSES.items()}
    steps: list[Step] = []
    for path, part in _parts(torch, module, ""):
        if type(part) is torch.nn.Linear:
            steps.append(_step(part, path))
        elif isinstance(part, _other_activation()):
            steps[-1:] = [_followed(steps, part.name, part, path)]
        elif type(part) in known:
            _check_settings(part, known[type(part)], path)
            steps[-1:] = [_followed(steps, known[type(part)], part, path)]
        elif isinstance(part, torch.nn.Dropout) and not part.training:
            continue
        else:
            raise _refused(torch, part, path)
    if not steps:
        raise ConversionError("from_torch: this module has no Linear, so it has no parameters")
    _check_widths(steps)
    return model_of(steps)


def _activation(torch: Any, name: str) -> Any:
    """A module of torch.nn, or one of ours for an activation that has none there."""
    if name not in _CLASSES:
        return _other_activation()(name)
    return getattr(torch.nn, _CLASSES[name][0])(**_MADE_WITH.get(name, {}))


@cache
def _other_activation() -> Any:
    import torch

    class Activation(torch.nn.Module):
        """An activation of nn that torch.nn has no class for."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name, self.function = name, array_function(TORCH, name, {"torch": torch})

        def forward(self, x: Any) -> Any:
            return self.function(x)

        def extra_repr(self) -> str:
            return self.name

    return Activation


def _linear(torch: Any, step: Step, dtype: Any) -> Any:
    from autograd.errors import RangeError

    sizes = len(step.weights[0]), len(step.weights)
    linear = torch.nn.utils.skip_init(torch.nn.Linear, *sizes, dtype=dtype)  # draws no numbers
    for parameter, numbers, frozen in zip(
        (linear.weight, linear.bias), (step.weights, step.biases), step.frozen, strict=True
    ):
        exact = torch.tensor(numbers, dtype=torch.float64)
        if bool((exact.to(dtype).isinf() & ~exact.isinf()).any()):
            raise RangeError(
                f"to_torch: a weight of size {exact.abs().max().item():g} does not fit {dtype}: "
                'take dtype="float64"'
            )
        parameter.data.copy_(exact)
        parameter.requires_grad_(not frozen)
    return linear


def _dtype(torch: Any, dtype: Any) -> Any:
    known = [getattr(torch, name) for name in _DTYPES]
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if found not in known:
        raise ValueError(f"dtype is one of {', '.join(_DTYPES)}, or torch's own, got {dtype!r}")
    return found


def _parts(torch: Any, module: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The layers in the order in which they compute, with their paths."""
    if module._forward_hooks or module._forward_pre_hooks:
        raise ConversionError(
            f"from_torch: {path or 'the module'} has a forward hook, which would be lost: "
            "remove it first"
        )
    if type(module) is torch.nn.Sequential:
        for name, part in module.named_children():
            yield from _parts(torch, part, f"{path}.{name}" if path else name)
    else:
        yield path, module


def _step(linear: Any, path: str) -> Step:
    for tensor in (linear.weight, linear.bias):
        if tensor is not None and not (tensor.is_floating_point() and not tensor.is_meta):
            raise ConversionError(
                f"from_torch: the parameters of {path or 'the Linear'} are {tensor.dtype} on "
                f"{tensor.device}, not real numbers"
            )
    weights = linear.weight.detach().cpu().double().tolist()
    if linear.bias is None:
        return Step(weights, [0.0] * len(weights), frozen=(not linear.weight.requires_grad, True))
    frozen = not linear.weight.requires_grad, not linear.bias.requires_grad
    return Step(weights, linear.bias.detach().cpu().double().tolist(), frozen=frozen)


def _followed(steps: list[Step], name: str, part: Any, path: str) -> Step:
    """The last step, followed by that activation."""
    kind = type(part).__name__
    if not steps:
        raise ConversionError(
            f"from_torch: {kind} at {path or 'the top'} follows no Linear; a layer of nn is a "
            "matrix and then an activation"
        )
    last = steps[-1]
    if name == "identity":
        return last
    if name in LAYER_ACTIVATIONS and not last.together:
        return last._replace(together=name)
    if last.activations:
        raise ConversionError(
            f"from_torch: {kind} at {path} follows {last.activations[-1]}: a layer of nn has one "
            "activation; put a Linear between them"
        )
    return last._replace(activation=name)


def _check_settings(part: Any, name: str, path: str) -> None:
    for setting, fits in _CLASSES[name][1].items():
        found = getattr(part, setting)
        if not fits(found):
            raise ConversionError(
                f"from_torch: {type(part).__name__} at {path or 'the top'} has "
                f"{setting}={found!r}, which nn's {name!r} has not: build the nn.MLP with an "
                "activation of your own, such as lambda x: x.leaky_relu(0.2), and give each layer "
                "its numbers by layer.set_matrix(W, b)"
            )


def _check_widths(steps: list[Step]) -> None:
    for before, after in pairwise(steps):
        if len(before.weights) != len(after.weights[0]):
            raise ConversionError(
                f"from_torch: a Linear of {len(before.weights)} outputs meets one that takes "
                f"{len(after.weights[0])}"
            )


def _refused(torch: Any, part: Any, path: str) -> ConversionError:
    kind, place = type(part).__name__, path or "the top"
    if isinstance(part, torch.nn.Dropout):
        return ConversionError(
            f"from_torch: Dropout at {place} changes what is computed in training, and nn has "
            "none: call module.eval() first, where it does nothing"
        )
    own = (
        ""
        if type(part).__module__.startswith("torch.")
        else (
            " has a forward of its own, whose steps nobody knows: put its layers in a "
            "torch.nn.Sequential; it"
        )
    )
    names = ", ".join(["Linear", *[name for name, _ in _CLASSES.values()]])
    return ConversionError(
        f"from_torch: {kind} at {place}{own} is no layer that nn has; known are {names}, in "
        "Sequentials"
    )
