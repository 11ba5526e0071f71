"""The tape optimiser: small passes, each from tape to tape, that change no result.

Numbers stay the same to the last bit. Gradients do where no sum is reordered: a matrix may
add its products in another order, and where a number is used several times its gradient is
a sum, whose terms may arrive in another order. The sign of a zero may change.

Where an operation tells -0.0 from 0.0, as atan2 does, sums written out stay as they are.

What a replay may rely on: slots without a gap, in the order of the instructions; hoisted
instructions first, within each part those on a lower level first; a vector instruction has
its operands as columns, and operations of one's own stay single; in a matrix all weights,
row by row, come before the sequence they are multiplied with, and the weights depend on no
input (but in a hoisted instruction either may be anything that is computed before). Inputs
and leaves keep their slots; constants that nothing reads any more may be among the others.
"""

from collections.abc import Callable, Iterable

from autograd.programs.passes.building import without_collector
from autograd.programs.passes.constants import fold_constants
from autograd.programs.passes.dead_code import drop_dead_code
from autograd.programs.passes.dots import fuse_dots
from autograd.programs.passes.hoisting import hoist
from autograd.programs.passes.matrices import fuse_matrices
from autograd.programs.passes.softmaxes import fuse_softmaxes
from autograd.programs.passes.subexpressions import share_subexpressions
from autograd.programs.passes.vectors import fuse_vectors
from autograd.programs.tape import Tape

#: In the order in which they are applied.
PASSES = (
    fold_constants,
    share_subexpressions,
    fuse_dots,
    fuse_softmaxes,
    drop_dead_code,
    hoist,
    fuse_matrices,
    fuse_vectors,
)


def optimised(tape: Tape, *, passes: Iterable[Callable[[Tape], Tape]] = PASSES) -> Tape:
    """`tape` after `passes`, in their order."""
    with without_collector():
        for each in passes:
            tape = each(tape)
    return tape
