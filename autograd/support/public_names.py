"""The names of a package that are loaded when first asked for."""

from collections.abc import Callable, Mapping
from importlib import import_module


def loader(
    package: str, module_of: Mapping[str, str], namespace: dict[str, object]
) -> Callable[[str], object]:
    """The `__getattr__` of `package`: each name comes from its module, and stays in `namespace`."""

    def __getattr__(name: str) -> object:  # noqa: N807 - it is one
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        thing: object = getattr(import_module(module_of[name]), name)
        namespace[name] = thing
        return thing

    return __getattr__
