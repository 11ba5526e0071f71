# What a Value holds, and in how many bytes: see the class itself in `value_class.pxi`.

cdef enum Flag:
    REQUIRES_GRAD = 1
    REACHED = 2  # by a backward pass, since the last zero_grad
    A_NUMBER = 4  # operand a is a number that nobody has looked at yet
    B_NUMBER = 8
    MANY = 16  # the operands are in `extra`
    MOVED = 32  # its tangent is given; only during a sweep
    ARRIVED = 64  # something was added to its gradient (in a forward sweep: it moves)
    VISITED = 128  # by the sort that is going on; see `forget`

cdef union Operand:
    PyObject *value  # a Value, of which we own a reference
    double number

cdef struct Own:
    PyObject *hooks  # owned; a dict
    PyObject *attributes  # owned; a dict
    Py_ssize_t place  # among `owners`

cdef struct Extra:
    PyObject *label  # owned, or NULL for ""
    PyObject *op  # owned; the name of a rule without a number
    PyObject *scope  # owned; a scope without a number
    PyObject *made_at  # owned; set by detect_anomaly
    Own *own  # owned; NULL where a user has hung nothing on this Value
    unsigned char chooses  # as in `choosing_rules`, for a rule without a number
    Py_ssize_t count
    Operand *operands
    double *partials
    char *is_number  # one for each operand

cdef union Gradient:
    double grad
    PyObject *next  # links the nodes that are about to die

DEF LAST_SCOPE = 65535  # this scope, and all that come after it, are in `extra`
