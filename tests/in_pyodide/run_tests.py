"""The engine's tests, in Pyodide: ``node run.mjs PYODIDE run_tests.py /site=... /tests=...``.

Left out by name is what Pyodide lacks: NumPy (no npm package brings it), processes, threads.
"""

import os
import sys

sys.dont_write_bytecode = True  # what is mounted belongs to the machine outside
sys.path.insert(0, "/site")
os.chdir("/tests")

import pytest  # noqa: E402 - it lies in /site

FILES = (
    *("test_value.py", "test_ops.py", "test_functions.py", "test_drop_in.py", "test_errors.py"),
    *("test_textbook.py", "test_interrupts.py", "support", "engines", "transforms"),
    *("networks/test_optim.py", "networks/test_updates.py", "networks/test_schedules.py"),
    "networks/test_clipping.py",
)
ALL = os.environ.get("ALL")
int(pytest.main(["-q", "-p", "no:cacheprovider", "-m", "not slow", "-rf","--durations=10", "--tb=line", *FILES, *sys.argv[1:]]))
