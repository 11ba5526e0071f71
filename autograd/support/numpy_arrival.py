"""When NumPy is loaded, before autograd or after it, its loops over objects become ours."""

import sys
from typing import Any


def watch_for_numpy() -> None:
    """Put our loops into NumPy: now if it is loaded, else as soon as it is."""
    numpy = sys.modules.get("numpy")
    if hasattr(numpy, "ufunc"):
        _install(numpy)
    else:
        sys.meta_path.insert(0, _UntilNumPyLoads())


class _UntilNumPyLoads:
    """A finder of modules that finds none itself, but installs the loops with NumPy."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "numpy":
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in found if spec), None)
        if spec is not None and spec.loader is not None:
            self.follow(spec.loader)
        return spec

    def follow(self, loader: Any) -> None:
        run = loader.exec_module

        def exec_module(module: Any) -> None:
            run(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _install(module)

        loader.exec_module = exec_module


def _install(numpy: Any) -> None:
    from autograd.support import numpy_loops

    numpy_loops.install(numpy)
