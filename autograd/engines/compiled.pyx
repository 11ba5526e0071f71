# cython: language_level=3, annotation_typing=False, binding=True
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The engine of `value.py`, compiled: the same class and functions, bit for bit.

Read `value.py`; what differs here is only how it is stored and walked. The
arithmetic is not written here at all: `_rules.h` is printed from `ops.py` at
build time. Where C gives something that is not finite, or has no rule, the
rule in Python decides, so errors and infinities are its own.

Storage: a Value of one or two operands is 80 bytes. A number that entered an
expression sits in the slot of its operand until someone looks at `parents`. A
label, more operands or a rule without C go into `Extra`, allocated when needed,
hooks and attributes of a user into `Own`. Graphs have no cycles, so there is
nothing for the garbage collector; what a user hangs on a Value may refer back to
it, and is seen to in `cycles.pxi`.

It is one module to compile and, below, several rooms to read, in the order of
a node's life.
"""

cimport cython
from cpython.array cimport array, clone as clone_array
from cpython.contextvars cimport PyContextVar_Get, PyContextVar_Set
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree, PyMem_RawMalloc, PyMem_RawRealloc
from cpython.object cimport PyObject, PyTypeObject, destructor, visitproc
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.math cimport NAN, isfinite
from libc.stdint cimport uintptr_t
from libc.string cimport memcmp, memcpy, memset

from array import array as new_array
from sys import intern
from weakref import ref as weak_reference

from autograd import errors, ops, value
from autograd.support import fields, hooks, made_by_hand, modes, numpy_support, pickling, signatures
from autograd.support import tracing as traces
from autograd.support.arguments import (
    as_float,
    as_list,
    as_operand,
    checked,
    equals,
    operands as operands_of,
)
from autograd.support.elements import by_element, holds_elements
from autograd.calculus.rule_names import Unknown, remember_by_name
from autograd.support.node import Node

# What a Value is.
include "twin/c_functions.pxi"
include "twin/storage.pxi"
include "twin/value_class.pxi"
include "twin/lifetime.pxi"
include "twin/operands.pxi"
include "twin/constructor.pxi"
include "twin/own_attributes.pxi"
include "twin/cycles.pxi"

# How one comes from others.
include "twin/modes_and_scopes.pxi"
include "twin/applying_rules.pxi"
include "twin/making_nodes.pxi"

# How gradients come back.
include "twin/sorting.pxi"
include "twin/backward.pxi"
include "twin/sweeps.pxi"
include "twin/second_order.pxi"

# What training and the class itself still need.
include "twin/parameters.pxi"
include "twin/stores.pxi"
include "twin/slots.pxi"
include "twin/completing_the_class.pxi"
