"""Every operation as a function: Values give a Value, plain numbers give a number.

Those of single numbers go element by element over NumPy arrays, whose shapes
broadcast, and over nested lists and tuples, whose structure is mirrored. All come
from the table in `ops.py`; type checkers read them in `__init__.pyi`.

>>> import autograd
>>> autograd.tanh(0.5), autograd.tanh(autograd.Value(0.5)).data
(0.46211715726000974, 0.46211715726000974)
>>> autograd.maximum([[1.0, -2.0], [-3.0, 4.0]], 0.0)
[[1.0, 0.0], [0.0, 4.0]]
"""

from autograd import ops
from autograd.functions.composed import (
    dot,
    isfinite,
    isinf,
    isnan,
    log_softmax,
    shifted_logits,
    softmax,
)
from autograd.functions.from_rules import function_of

for _rule in ops.TABLE:
    if _rule is not ops.dot:
        globals()[_rule.__name__] = function_of(_rule)
