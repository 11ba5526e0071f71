"""The engine: a Value remembers how it was made, and ``backward`` walks that memory.

Read `ops.py` first. Here `apply` makes every node, `topological_order` sorts
the graph and `Value._backward` is the one place where gradients accumulate.

Glossary: *upstream*: d root / d node, coming from the consumers of a node;
*partial*: d node / d parent; *contribution*: upstream times partial; *local
gradient*: the closure of a node, from upstream to its contributions.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self, TypeAlias

from autograd import errors, ops
from autograd.calculus.rule_names import Unknown, remember_by_name
from autograd.support import (
    fields,
    hooks,
    made_by_hand,
    modes,
    numpy_support,
    pickling,
    signatures,
    tracing,
    unlinking,
)  # fmt: skip
from autograd.support.arguments import as_float, as_operand, checked, operands
from autograd.support.node import Node

Number: TypeAlias = "Value | float"

# Nodes are numbered as they are made, so that a sweep need not go below its inputs.
next_serial: Callable[[], int] = itertools.count(1).__next__


def apply(rule: ops.Rule, *operands: Number) -> "Value":
    """Make the node `rule(*operands)`: its value, its parents and its local gradient.

    Numbers become constants. A rule that ``math`` refuses raises DomainError,
    RangeError or DivisionError.
    """
    parents, numbers, required = [], [], False
    for x in operands:
        parent = x if isinstance(x, Value) else constant(x)
        parents.append(parent)
        numbers.append(parent._data)
        required = required or parent._required
    recording, scope, anomaly = modes.current.get()
    try:
        result = rule(*numbers)
    except (ValueError, ArithmeticError) as error:
        shown = [(parent._data, parent._label) for parent in parents]
        raise errors.refusal(rule.__name__, shown, error) from None
    if rule not in ops.TABLE or len(result) != 1 + len(parents):
        result = checked(rule, result, len(parents))
        remember_by_name(rule)
    node = object.__new__(_kind(parents) if Value.__subclasses__() else Value)
    node._data, node._grad, node._reached, node._arrived = result[0], 0.0, False, False
    node._label, node._scope, node._serial, node._hooks = "", scope, next_serial(), None
    if recording or tracing.current is not None:  # a trace also records what needs no gradient
        node._parents, node._name = tuple(parents), rule.__name__
        node._required = required and recording
        node._local_gradient = LocalGradient.of(node._name, result[1:])
    else:
        node._parents, node._name, node._required = (), "", False
        node._local_gradient = OF_A_LEAF
    if anomaly:
        modes.check_forward(rule.__name__, node, parents)
    return node


def _kind(parents: "Sequence[Value]") -> "type[Value]":
    """The class of a result: that of its operands, where they are of a subclass."""
    kinds = dict.fromkeys(map(type, parents))  # in their order
    kinds.pop(Value, None)
    return max(kinds, key=lambda kind: len(kind.__mro__)) if kinds else Value


def constant(number: Any) -> "Value":
    """A leaf that needs no gradient: how a plain number enters an expression."""
    node = Value.__new__(Value)
    node._data = number if type(number) is float else as_float(number)
    node._scope = modes.current.get().scope
    return node


class LocalGradient(tuple[float, ...]):
    """The closure of a node: called with its gradient, it gives one contribution for each parent.

    All it holds are the partials, in the order of the parents, and no node: graphs
    have no cycles, and new `data` in a leaf changes nothing in those already made.
    """

    __slots__ = ()

    @classmethod
    def of(cls, op: str, partials: Sequence[float]) -> "LocalGradient":
        """The closure of a node of operation `op`, which may be a choice."""
        chosen = ops.chooses(op)
        if chosen and 0.0 in partials:
            partials = [
                NotTaken(p) if p == 0.0 and i in chosen else p for i, p in enumerate(partials)
            ]
        return cls(partials)

    def __call__(self, upstream: float) -> list[float]:
        """The chain rule: upstream times partial, for each parent."""
        return [upstream * p if type(p) is not NotTaken else NOTHING for p in self]

    def __repr__(self) -> str:
        return f"LocalGradient{tuple(self)}"


OF_A_LEAF = LocalGradient()


class NotTaken(float):
    """The partial by an operand that a choice, such as `where`, has not taken: a zero."""

    __slots__ = ()


NOTHING = NotTaken()  # the contribution to such an operand, whatever arrives: not even 0 * inf


def topological_order(root: "Value", since: int = 0) -> list["Value"]:
    """Every node that `root` depends on, each after all of its parents; `root` is last.

    Nodes with a serial number below `since`, and all that only they depend on, are left out.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:  # the mark that the parents of the node below it are in order
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen and node._serial >= since:
            seen.add(node)
            stack += [node, None]
            for parent in reversed(node._parents):
                if parent not in seen:
                    stack.append(parent)
    return order


def zero_grad(values: Iterable["Value"]) -> None:
    """Reset the gradient of every one of `values`."""
    for value in values:
        value.zero_grad()


def _operator(rule: ops.Rule, *, reflected: bool = False) -> "Callable[[Value, Number], Value]":
    """A binary operator; other types than numbers get their own chance (NumPy arrays)."""

    def operator(self: "Value", other: Number, *modulus: Any) -> "Value":
        operand = other if isinstance(other, Value) else as_operand(other)
        if operand is NotImplemented or modulus:  # pow(v, 2, 5)
            return NotImplemented  # type: ignore[no-any-return]
        return apply(rule, operand, self) if reflected else apply(rule, self, operand)

    return operator


def _method(rule: ops.Rule) -> "Callable[..., Value]":
    """A method that applies `rule` to the Value and the operands it is called with."""

    def method(self: "Value", *others: Number, **named: Number) -> "Value":
        return apply(rule, *operands(rule, self, *others, **named))

    method.__name__, method.__qualname__ = rule.__name__, f"Value.{rule.__name__}"
    method.__wrapped__ = signatures.typed(rule, "Value", "Value | float", "Value")  # type: ignore[attr-defined]
    method.__doc__ = f"As ``autograd.{rule.__name__}``, with this Value as the first operand."
    return method


class Value(Node):
    """A number that remembers how it was made, so that `backward` can differentiate it.

    `data` is the number; `grad` is d root / d self after `backward()`, 0.0
    before. Anything but one real number raises NumberError. It compares with
    numbers by number; two Values are equal only if they are the same object.
    Attributes of your own, methods added to the class and subclasses work; nodes
    made by hand take the forms in `made_by_hand.py`.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    """

    _data: float
    _grad: float
    parents: "fields.Fixed[tuple[Value, ...]]"
    _parents: "tuple[Value, ...]"  # its operands, in their order; () for a leaf
    _local_gradient: LocalGradient
    _name: str  # of the rule in `ops`; "" for a leaf
    _required: bool  # whether it requires a gradient
    _reached: bool  # by a backward pass, since the last zero_grad
    _arrived: bool  # whether anything was added to the gradient
    _serial: int
    _label: str
    _scope: str
    _hooks: dict[object, Callable[[Any], Any]] | None
    _made_at: str  # the line that made it; set by detect_anomaly only
    __slots__ = ("_arrived", "_data", "_grad", "_hooks", "_label", "_local_gradient", "_made_at",
                 "_name", "_parents", "_reached", "_required", "_scope", "_serial")  # fmt: skip

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """A leaf without a number yet."""
        node = object.__new__(cls)
        node._data, node._grad, node._reached, node._arrived = math.nan, 0.0, False, False
        node._label, node._scope, node._serial, node._hooks = "", "", next_serial(), None
        node._parents, node._name, node._required = (), "", False
        node._local_gradient = OF_A_LEAF
        return node

    def __init__(
        self, data: Number, *given: Any, label: str = "", requires_grad: bool = True, **named: Any
    ) -> None:
        if self._parents:
            raise errors.GraphError("__init__ of a Value that is in use: make another one")
        number: float = data if type(data) is float else as_float(data)
        children: tuple[Any, ...] = ()
        name, partials, required = "", tuple[float, ...](), True
        if given or named or type(label) is not str:  # made by hand
            label, children, name, partials, required = made_by_hand.read(
                Value, given, label, named
            )
        self._parents = tuple([x if isinstance(x, Value) else constant(x) for x in children])
        self._data, self._name = number, name
        if children:
            self._local_gradient = LocalGradient(partials)
            self._serial = next_serial()  # after those of its constants
        self._grad, self._reached, self._arrived = 0.0, False, False
        self._required = required and bool(requires_grad)
        self._label, self._scope = label, modes.current.get().scope
        if children and modes.current.get().anomaly:
            modes.check_forward(self._name, self, self._parents)

    __signature__ = signatures.OfConstructor(__init__)

    @fields.fixed
    def local_gradient(self) -> LocalGradient:
        """The closure from the upstream gradient to one contribution per parent."""
        return self._local_gradient

    def _backward(self) -> None:
        """Pass this node's gradient on to its parents: the chain rule, one step.

        Nothing goes to the side that a choice has not taken, however steep it is,
        nor on from a node that nothing has arrived at.
        """
        if not self._arrived:
            return
        if type(self._name) is Unknown:
            made_by_hand.refuse_unknown(self)
        # Both are of one length; to make sure again would take a tenth of the time.
        for parent, contribution in zip(self._parents, self._local_gradient(self._grad)):  # noqa: B905
            if parent._required and contribution is not NOTHING:
                parent._grad += contribution
                parent._arrived = True

    def backward(
        self, gradient: float = 1.0, retain_graph: Any = True, create_graph: bool = False,
        inputs: Any = None,
    ) -> None:  # fmt: skip
        """Add d self / d leaf, times `gradient`, to the grad of every leaf below.

        Leaves accumulate over calls; the nodes between start from zero each time.
        The graph always stays: PyTorch's `retain_graph` changes nothing.
        """
        made_by_hand.refuse_options(create_graph, inputs)
        if tracing.current is not None:
            tracing.refuse_change("backward()")
        if not self._required:
            raise errors.GraphError(
                "nothing here requires a gradient: made under no_grad, detached, or from numbers"
            )
        gradient, anomaly = as_float(gradient), modes.current.get().anomaly
        order = [node for node in topological_order(self) if node._required]
        earlier = [(leaf, leaf._grad) for leaf in order if leaf._grad and not leaf._parents]
        for node in order:
            node._grad, node._reached, node._arrived = 0.0, True, False
        self._grad, self._arrived = gradient, True
        try:
            for node in reversed(order):
                if node._hooks:
                    node._grad = as_float(hooks.run(node, node._grad))
                    node._arrived = node._arrived or node._grad != 0.0
                if anomaly:
                    modes.check_backward(node)
                node._reached = True  # a `_backward` made by hand may have set `grad`
                step = node._backward  # None, assigned to it, stands for ours
                step() if step is not None else Value._backward(node)
                if anomaly and node._by_hand:
                    modes.check_passed_by_hand(node)
        finally:
            for leaf, sum_before in earlier:
                leaf._grad += sum_before

    def zero_grad(self) -> None:
        """Reset `grad` to 0.0, as if no backward pass had reached this Value."""
        if tracing.current is not None:
            tracing.refuse_change("zero_grad()")
        self._grad, self._reached, self._arrived = 0.0, False, False

    def conjugate(self) -> Self:
        """The Value itself: np.vdot and np.std ask for the conjugate."""
        return self

    def detach(self) -> "Value":
        """The same number without its history: a leaf that needs no gradient."""
        return constant(self._data) if tracing.current is None else tracing.detached(self, apply)

    __add__, __radd__ = _operator(ops.add), _operator(ops.add, reflected=True)
    __sub__, __rsub__ = _operator(ops.sub), _operator(ops.sub, reflected=True)
    __mul__, __rmul__ = _operator(ops.mul), _operator(ops.mul, reflected=True)
    __truediv__, __rtruediv__ = _operator(ops.div), _operator(ops.div, reflected=True)
    __pow__, __rpow__ = _operator(ops.pow), _operator(ops.pow, reflected=True)
    __mod__, __rmod__ = _operator(ops.mod), _operator(ops.mod, reflected=True)
    __floordiv__ = _operator(ops.floordiv)
    __rfloordiv__ = _operator(ops.floordiv, reflected=True)
    __divmod__ = lambda self, other: (self // other, self % other)  # noqa: E731
    __rdivmod__ = lambda self, other: (other // self, other % self)  # noqa: E731
    __pos__ = conjugate
    __neg__, __abs__ = _method(ops.neg), _method(ops.abs)

    if unlinking.NEEDED:  # elsewhere Python itself frees deep graphs without recursion
        __del__ = unlinking.unlink
    register_hook, __reduce__ = hooks.register_hook, pickling.reduced
    _by_hand = fields.fixed(lambda v: made_by_hand.changed_by_hand(v, Value._backward), "_by_hand")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return numpy_support.apply_ufunc(apply, ufunc, method, inputs, options)


for _name, _rule in ops.methods().items():
    setattr(Value, _name, _method(_rule))
