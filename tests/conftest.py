"""What all tests share: the engines under test, and how Hypothesis runs."""

import gc
import importlib
import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples at every run: a red build means that the code changed.
settings.register_profile(
    "chainrule",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no failure
)
settings.load_profile("chainrule")

ENGINES = {"pure": "autograd.value"}
if importlib.util.find_spec("autograd.engines.compiled"):
    ENGINES["compiled"] = "autograd.engines.compiled"


@pytest.fixture(scope="session", params=ENGINES)
def engine(request):
    """The module of one engine: its Value, apply, topological_order and zero_grad."""
    return importlib.import_module(ENGINES[request.param])


@pytest.fixture
def quick_collections():
    """Collections look at what the test makes, not at all the modules that are loaded."""
    gc.freeze()
    yield
    gc.unfreeze()


def pytest_configure(config):
    """Where the compiled engine is required, running without it is no pass."""
    required = os.environ.get("CHAINRULE_REQUIRE_COMPILED", "0") not in ("", "0")
    if required and "compiled" not in ENGINES:
        raise pytest.UsageError(
            "CHAINRULE_REQUIRE_COMPILED is set, but only the pure engine is here"
        )


def pytest_xdist_auto_num_workers(config):
    """One file is done before a second process has started."""
    only_one = len(config.args) == 1 and Path(config.args[0].partition("::")[0]).is_file()
    return 0 if only_one else os.cpu_count()


def pytest_report_header():
    """Say which engines are tested, and which one the package itself uses."""
    from autograd import engine

    return f"chainrule: engines {', '.join(ENGINES)}; autograd.engine is {engine!r}"


def pytest_terminal_summary(terminalreporter, config):
    """Say why nothing was run where all that was asked for is slow."""
    if set(terminalreporter.stats) == {"deselected"} and config.option.markexpr == "not slow":
        terminalreporter.write_line("all of these are slow; `pytest -m slow ...` runs them")
