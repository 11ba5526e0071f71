"""JAX: a model as a function and the pytree of its parameters."""

from collections.abc import Callable
from typing import Any

from autograd.programs.dialects import JAX
from autograd.programs.formula_arrays import array_function
from nn.doors.steps import package, steps_of
from nn.module import Module


def to_jax(model: Module, dtype: str = "float64") -> tuple[Callable[[Any, Any], Any], Any]:
    """A function of JAX, ``apply(parameters, X)``, and the parameters of `model` for it.

    `parameters` is a list with a dict for each layer: ``weight`` of shape (outputs, inputs)
    and ``bias`` of (outputs,). `X` has shape (..., inputs), the result (..., outputs).
    ``jax.jit``, ``jax.grad`` and ``jax.vmap`` take the function as any other;
    ``layer.set_matrix(weight, bias)`` brings numbers back.

    `dtype` is "float64" or "float32". JAX has float64 only after
    ``jax.config.update("jax_enable_x64", True)``: ValueError before. ConversionError, by name,
    for a module or an activation of your own, PackageMissingError without ``jax``.
    """
    if dtype not in ("float32", "float64"):
        raise ValueError(f'to_jax: dtype is "float64" or "float32", got {dtype!r}')
    jax = package("jax", "to_jax")
    if dtype == "float64" and not jax.config.jax_enable_x64:
        raise ValueError(
            "to_jax: JAX would round to float32 here: write "
            'jax.config.update("jax_enable_x64", True) at the start, or take dtype="float32"'
        )
    steps = steps_of(model, "to_jax")
    names = {name for step in steps for name in step.activations}
    functions = {name: array_function(JAX, name, {"jax": jax, "jnp": jax.numpy}) for name in names}
    chains = [[functions[name] for name in step.activations] for step in steps]

    def apply(parameters: Any, X: Any) -> Any:
        for layer, chain in zip(parameters, chains, strict=True):
            X = X @ layer["weight"].T + layer["bias"]
            for activation in chain:
                X = activation(X)
        return X

    parameters = [
        {
            "weight": jax.numpy.array(step.weights, dtype=dtype),
            "bias": jax.numpy.array(step.biases, dtype=dtype),
        }
        for step in steps
    ]
    return apply, parameters
