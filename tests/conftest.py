"""What all tests share: the engines under test, and how Hypothesis runs."""

import importlib
import importlib.util

import pytest
from hypothesis import settings

# The same examples at every run: a red build means that the code changed.
settings.register_profile("chainrule", deadline=None, derandomize=True, database=None)
settings.load_profile("chainrule")

ENGINES = {"pure": "autograd.value"}
if importlib.util.find_spec("autograd._engine"):
    ENGINES["compiled"] = "autograd._engine"


@pytest.fixture(scope="session", params=ENGINES)
def engine(request):
    """The module of one engine: its Value, apply, topological_order and zero_grad."""
    return importlib.import_module(ENGINES[request.param])


def pytest_report_header():
    """Say which engines are tested, and which one the package itself uses."""
    from autograd import engine

    return f"chainrule: engines {', '.join(ENGINES)}; autograd.engine is {engine!r}"
