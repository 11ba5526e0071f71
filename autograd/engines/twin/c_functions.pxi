# What is printed from `ops.py` at build time (`export/c_headers.py`), and what Python's C offers.

cdef extern from "_rules.h" nogil:
    const int rule_count, own_rule_count
    const char *const rule_names[]
    const char rule_kinds[]
    double unary_rule(int id, double x, double *d_x)
    double binary_rule(int id, double x, double y, double *d_x, double *d_y)
    double sequence_rule(int id, const double *x, Py_ssize_t n, double *partials)
    const short derived_rules[256][2]
    const unsigned char choosing_rules[256]
    const unsigned char kinked_rules[256]
    int NUMBER, ITSELF, OPERAND_A, OPERAND_B
    int sequence_tangent(
        int id, const double *x, const double *x_dot, Py_ssize_t n, double *changes)
    int RULE_dot, RULE_add, RULE_sub, RULE_mul, RULE_div, RULE_pow, RULE_neg, RULE_abs

cdef extern from "Python.h":
    void PyType_Modified(PyTypeObject *type)
    unsigned long Py_TPFLAGS_IMMUTABLETYPE
    ctypedef int (*setattrofunc)(PyObject *, PyObject *, PyObject *)
    void PyObject_Free(void *memory)
    const char *PyUnicode_AsUTF8(object text) except NULL
    Py_ssize_t PyDict_GET_SIZE(PyObject *dict)
    bint PyDict_Next(PyObject *dict, Py_ssize_t *place, PyObject **key, PyObject **item)
    Py_ssize_t PyVectorcall_NARGS(size_t flagged)
    int PyObject_GenericSetAttr(PyObject *self, PyObject *name, PyObject *new) except -1

cdef extern from *:
    """
    /* Cython keeps the code objects of tracebacks by line alone, so that rooms would show each
       other's lines. Here lines count on from file to file, until they are shown. */
    #define LINES_OF_A_FILE 65536
    #undef __PYX_MARK_ERR_POS
    #define __PYX_MARK_ERR_POS(file, line) { \
        __pyx_filename = __pyx_f[file]; (void)__pyx_filename; (void)__pyx_clineno; \
        __pyx_lineno = (file) * LINES_OF_A_FILE + (line); (void)__pyx_lineno; }
    #define PyCode_NewEmpty(file, function, line) \
        (PyCode_NewEmpty)(file, function, (line) % LINES_OF_A_FILE)
    #undef __Pyx_PyFrame_SetLineNumber
    #define __Pyx_PyFrame_SetLineNumber(frame, line) ((frame)->f_lineno = (line) % LINES_OF_A_FILE)

    #define document(property, text) (((PyGetSetDescrObject *)(property))->d_getset->doc = (text))
    #define type_dict(type) (((PyTypeObject *)(type))->tp_dict)
    /* Give up a reference; true if it was the last one. */
    static inline int release(PyObject *object)
    {
        if (Py_REFCNT(object) > 1) {
            Py_DECREF(object);
            return 0;
        }
        return 1;
    }
    /* A freed object as a new one: its type stands there still. */
    static inline PyObject *revived(PyObject *object)
    {
        Py_SET_REFCNT(object, 1);
        return object;
    }
    #define items_of(sequence) PySequence_Fast_ITEMS(sequence)
    #define use_to_set_attributes(type, function) ((type)->tp_setattro = (function))
    #define use_to_wrap(descriptor, function) \
        (((PyWrapperDescrObject *)(descriptor))->d_wrapped = (void *)(function))
    #define has_dict(object) (Py_TYPE(object)->tp_dictoffset != 0)
    #define init_of(type) ((void *)(type)->tp_init)
    #define use_to_init(type, function) ((type)->tp_init = (initproc)(function))
    #define new_of(type) ((void *)(type)->tp_new)
    #define use_to_make(type, function) ((type)->tp_new = (newfunc)(function))
    #define use_to_call(type, function) ((type)->tp_vectorcall = (vectorcallfunc)(function))
    #define call_in_full(type, given, named) (PyType_Type.tp_call((type), (given), (named)))
    #if defined(__GNUC__)
    #define prefetch(address) __builtin_prefetch(address, 1)
    #else
    #define prefetch(address)
    #endif
    """
    void prefetch(const void *address) nogil
    PyObject *type_dict(object type)  # borrowed
    void document(PyObject *property, const char *text)  # of one that C made
    PyObject **items_of(object sequence)
    void use_to_set_attributes(PyTypeObject *type, setattrofunc function)
    void use_to_wrap(PyObject *descriptor, void *function)
    bint has_dict(PyObject *object)
    void *init_of(PyTypeObject *type)
    void use_to_init(PyTypeObject *type, void *function)
    void *new_of(PyTypeObject *type)
    void use_to_make(PyTypeObject *type, void *function)
    void use_to_call(PyTypeObject *type, void *function)
    object call_in_full(PyObject *type, PyObject *given, PyObject *named)
    bint release(PyObject *object)
    Value revived(PyObject *object)
