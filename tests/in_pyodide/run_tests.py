"""The engine's tests in Pyodide: ``node run.mjs PYODIDE run_tests.py /site=... /tests=...``."""

import os
import sys

sys.dont_write_bytecode = True  # what is mounted belongs to the machine outside
sys.path.insert(0, "/site")
os.chdir("/tests")

import pytest  # noqa: E402 - it lies in /site

FILES = (
    *("test_value.py", "test_ops.py", "test_functions.py", "test_drop_in.py", "test_errors.py"),
    *("test_textbook.py", "support", "engines", "transforms"),
    *("networks/test_optim.py", "networks/test_updates.py", "networks/test_schedules.py"),
    *("networks/test_clipping.py", "in_pyodide/test_here.py"),
    "test_interrupts.py",  # last: it breaks off the freeing of nodes too, where nothing else can
)
# What Pyodide has not. NumPy: no npm package brings it.
NEED_NUMPY = (
    *("support/test_arguments.py", "support/test_elements.py", "support/test_node.py"),
    *("support/test_numpy_loops.py", "support/test_numpy_support.py", "support/test_structures.py"),
    *("engines/test_engines_agree.py", "transforms/test_functional.py"),
    "transforms/test_nesting.py",
)
NEED_PROCESSES = (
    "engines/test_engine_memory.py::test_zero_grad_refuses_what_is_no_value",
    "engines/test_engine_memory.py::test_the_interpreter_ends_quietly_with_graphs_alive_in",
    "support/test_former_names.py::test_a_pickle_alone_opens",
    "support/test_former_names.py::test_a_pickle_opens_on_either_engine",
    "support/test_former_names.py::test_imports_of_before",
    "support/test_former_names.py::test_the_other_engine_opens_all_of_them_too",
    "support/test_made_by_hand.py::test_a_closure_is_not_said_to_have_partials",
    "test_functions.py::test_import_loads_nothing_that_takes_long",
    "test_functions.py::test_import_loads_the_standard_library_alone",
)
NEED_THREADS_OR_AN_EVENT_LOOP_THAT_WAITS = (
    "engines/test_engine_memory.py::test_graphs_are_freed_from_other_threads",
    "engines/test_engine_memory.py::test_two_threads_build_and_differentiate_at_once",
    "support/test_modes.py::test_tasks_do_not_see_each_others_modes",
    "support/test_modes.py::test_threads_do_not_see_each_others_modes",
    "test_value.py::test_threads_each_differentiate_their_own_graph",
)
NEED_THE_COMPILED_ENGINE = (
    "support/test_former_names.py::test_a_module_answers_to_its_former_name[autograd._engine]",
    "support/test_former_names.py::test_looking_through_all_modules_imports_none",
)
LEFT_OUT = (
    *NEED_PROCESSES,
    *NEED_THREADS_OR_AN_EVENT_LOOP_THAT_WAITS,
    *NEED_THE_COMPILED_ENGINE,
)

arguments = ["-q", "-p", "no:cacheprovider", "-m", "not slow", "--tb=short", *FILES]
arguments += [f"--ignore={file}" for file in NEED_NUMPY]
arguments += [f"--deselect={test}" for test in LEFT_OUT]
int(pytest.main([*arguments, *sys.argv[1:]]))  # the last expression is the exit code
