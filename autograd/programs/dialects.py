"""The languages of arrays that a tape is printed in: what each of them calls an operation.

One printer (`numpy_program.py`) writes them all; here is what differs. A *template* has a
place ``{}`` for every operand.
"""

import ast
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from autograd import ops

# Arithmetic, which arrays of all kinds have as operators.
OPERATORS = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}",
    "pow": "{} ** {}", "mod": "{} % {}", "floordiv": "{} // {}", "square": "{} ** 2",
}  # fmt: skip


class Dialect(NamedTuple):
    """How one language writes what a tape holds.

    `elementwise` are templates by operation, and `with_numbers` shorter ones for where all
    operands but the first are numbers; `known` finds the template of any other rule of the
    table, "" where there is none. `reduced` are those of sequences, along the last axis.
    """

    title: str
    imports: tuple[str, ...]
    elementwise: Mapping[str, str]
    with_numbers: Mapping[str, str]
    known: Callable[[ops.Rule], str]
    reduced: Mapping[str, str]
    number: str  # a number where an array has to stand
    numbers: str  # several
    picked: str  # leaves by a list of positions
    table: str  # by a matrix of them
    wide: str  # with one more axis, at the end
    repeated: str  # so often along a new axis
    joined: str  # side by side along the last axis
    stacked: str  # one number each side by side
    rows: str  # as the rows of a matrix
    spread: str  # the same for every row of X: an axis of so many
    full: str  # the same number for every row of X
    log_softmax: str
    number_like: str = "{}"  # a number beside an operand, as an array
    choice: str = ""  # of a condition, element by element
    truth: str = "{} != 0"  # of numbers: a condition
    detached: str = "{}"  # what no gradient flows into
    detached_where: str = "{0}"  # of the columns {0}, those marked in the list {1}
    helper: str = ""  # a function that `log_softmax` calls
    vectorised: str = ""  # a function of numbers as one of arrays, if there is such a thing
    along: str = "{}({})"  # a function of a sequence, along the last axis


_NUMPY_NAMES = {
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan",
    "sinh", "cosh", "tanh", "sign", "hypot", "maximum", "minimum", "floor", "ceil", "fmod",
    "logaddexp", "sinc",
}  # fmt: skip


def _known_to_numpy(rule: ops.Rule) -> str:
    facts, name = ops.TABLE[rule], rule.__name__
    called = name if name in _NUMPY_NAMES else (facts.numpy.split() or [""])[0]
    return _call(f"np.{called}", rule) if called else ""


NUMPY = Dialect(
    title="NumPy",
    imports=("import numpy as np",),
    elementwise={
        **OPERATORS,
        "relu": "np.maximum({}, 0.0)", "where": "np.where({}, {}, {})",
        "clip": "np.clip({}, {}, {})", "softplus": "np.logaddexp(0.0, {})", "abs": "np.abs({})",
    },
    with_numbers={},
    known=_known_to_numpy,
    reduced={
        "sum": "np.sum({}, axis=-1)", "mean": "np.mean({}, axis=-1)",
        "prod": "np.prod({}, axis=-1)", "max": "np.max({}, axis=-1)", "min": "np.min({}, axis=-1)",
        "norm": "np.linalg.norm({}, axis=-1)", "logsumexp": "np.logaddexp.reduce({}, axis=-1)",
    },
    number="{}",
    numbers="np.array([{}])",
    picked="leaves[{}]",
    table="leaves[np.array({})]",
    wide="np.expand_dims({}, -1)",
    repeated="np.repeat(np.expand_dims({}, -1), {}, axis=-1)",
    joined="np.concatenate([{}], axis=-1)",
    stacked="np.stack(np.broadcast_arrays({}), axis=-1)",
    rows="np.stack([{}])",
    spread="np.broadcast_to({}, (len(X), {}))",
    full="np.full(len(X), {})",
    log_softmax="log_softmax({})",
    helper="def log_softmax(x):\n    x = x - np.max(x, axis=-1, keepdims=True)\n"
    "    return x - np.logaddexp.reduce(x, axis=-1, keepdims=True)",
    vectorised="np.vectorize({}, otypes=[float])",
    along="np.apply_along_axis({}, -1, {})",
)  # fmt: skip


def _known_to_torch(rule: ops.Rule) -> str:
    """What the table says of `rule` in PyTorch, or the function of its name."""
    facts = ops.TABLE[rule]
    if not facts.torch:
        return _call(f"torch.{rule.__name__}", rule)
    operands = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    tree = ast.parse(facts.torch, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in operands:
            node.id = f"{{{operands.index(node.id)}}}"
        elif isinstance(node, ast.Name):
            node.id = f"torch.{'nn.' if node.id == 'functional' else ''}{node.id}"
    return ast.unparse(tree)


TORCH = Dialect(
    title="PyTorch",
    imports=("import torch",),
    elementwise={
        **OPERATORS,
        "relu": "torch.relu({})", "where": "torch.where({} != 0, {}, {})",
        "leaky_relu": "torch.where({0} > 0, {0}, {1} * {0})",
        "clip": "torch.minimum(torch.maximum({}, {}), {})",
        "floordiv": "torch.floor_divide({}, {}).detach()",
    },
    with_numbers={
        "leaky_relu": "torch.nn.functional.leaky_relu({}, {})",
        "elu": "torch.nn.functional.elu({}, {})",
        "hardtanh": "torch.nn.functional.hardtanh({}, {}, {})",
        "clip": "torch.clamp({}, {}, {})",
    },
    known=_known_to_torch,
    reduced={
        "sum": "torch.sum({}, dim=-1)", "mean": "torch.mean({}, dim=-1)",
        "prod": "torch.prod({}, dim=-1)", "max": "torch.amax({}, dim=-1)",
        "min": "torch.amin({}, dim=-1)", "norm": "torch.linalg.vector_norm({}, dim=-1)",
        "logsumexp": "torch.logsumexp({}, dim=-1)",
        "entropy": "torch.special.entr({}).sum(dim=-1)",
    },
    number="X.new_tensor({})",
    numbers="X.new_tensor([{}])",
    picked="leaves[{}]",
    table="leaves[torch.tensor({})]",
    wide="torch.unsqueeze({}, -1)",
    repeated="torch.repeat_interleave(torch.unsqueeze({}, -1), {}, dim=-1)",
    joined="torch.cat([{}], dim=-1)",
    stacked="torch.stack(torch.broadcast_tensors({}), dim=-1)",
    rows="torch.stack([{}])",
    spread="torch.broadcast_to({}, (len(X), {}))",
    full="torch.broadcast_to({}, (len(X),))",
    log_softmax="torch.log_softmax({}, dim=-1)",
    number_like="{1}.new_tensor({0})",
    choice="torch.where({}, {}, {})",
    detached="{}.detach()",
    detached_where="torch.where(torch.tensor({1}, device=X.device), {0}.detach(), {0})",
)  # fmt: skip

_JAX_NAMES = {
    "sigmoid": "jax.nn.sigmoid", "softplus": "jax.nn.softplus", "logsigmoid": "jax.nn.log_sigmoid",
    "silu": "jax.nn.silu", "mish": "jax.nn.mish", "softsign": "jax.nn.soft_sign",
    "erf": "jax.scipy.special.erf", "erfc": "jax.scipy.special.erfc",
    "ndtr": "jax.scipy.special.ndtr", "log_ndtr": "jax.scipy.special.log_ndtr",
    "xlogy": "jax.scipy.special.xlogy", "logit": "jax.scipy.special.logit",
}  # fmt: skip


def _in_jax(text: str) -> str:
    return re.sub(r"\bnp\.", "jnp.", text)


def _known_to_jax(rule: ops.Rule) -> str:
    called = _JAX_NAMES.get(rule.__name__)
    return _call(called, rule) if called else _in_jax(_known_to_numpy(rule))


_IN_JAX: dict[str, Any] = {
    field: _in_jax(text) for field, text in NUMPY._asdict().items() if isinstance(text, str)
}
JAX = Dialect(
    **_IN_JAX
    | {
        "title": "JAX",
        "imports": ("import jax", "import jax.numpy as jnp"),
        "elementwise": {
            **{op: _in_jax(text) for op, text in NUMPY.elementwise.items()},
            "relu": "jax.nn.relu({})", "softplus": "jax.nn.softplus({})",
            "where": "jnp.where({} != 0, {}, {})",
            "leaky_relu": "jnp.where({0} > 0, {0}, {1} * {0})",
            "elu": "jnp.where({0} > 0, {0}, {1} * jnp.expm1(jnp.minimum({0}, 0.0)))",
            "hardtanh": "jnp.where({0} >= {2}, {2}, jnp.where({0} <= {1}, {1}, {0}))",
            "gelu": "jax.nn.gelu({}, approximate=False)",
        },
        "with_numbers": {
            "leaky_relu": "jax.nn.leaky_relu({}, {})",
            "elu": "jax.nn.elu({}, {})",
        },
        "known": _known_to_jax,
        "reduced": {
            **{op: _in_jax(text) for op, text in NUMPY.reduced.items()},
            "logsumexp": "jax.nn.logsumexp({}, axis=-1)",
            "entropy": "jnp.sum(jax.scipy.special.entr({}), axis=-1)",
        },
        "picked": "leaves[jnp.array({})]",
        "log_softmax": "jax.nn.log_softmax({}, axis=-1)",
        "choice": "jnp.where({}, {}, {})",
        "detached": "jax.lax.stop_gradient({})",
        "detached_where": "jnp.where(jnp.array({1}), jax.lax.stop_gradient({0}), {0})",
        "helper": "", "vectorised": "", "along": "{}({})",
    }
)  # fmt: skip


def _call(function: str, rule: ops.Rule) -> str:
    return f"{function}({', '.join(['{}'] * rule.__code__.co_argcount)})"


@cache
def needs_brackets(template: str) -> bool:
    """Whether an operand of `template` stands beside an operator, or has a method called."""
    return re.search(r"[-+*/%<>=] ?\{|\d?\} [-+*/%<>=!]|\}\.", template) is not None
