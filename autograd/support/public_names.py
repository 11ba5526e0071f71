"""The names of a package that are loaded when first asked for."""

from collections.abc import Callable, Mapping
from importlib import import_module


def loader(
    package: str, module_of: Mapping[str, str], namespace: dict[str, object]
) -> Callable[[str], object]:
    """The `__getattr__` of `package`: each name comes from its module, and stays in `namespace`.

    A name whose module is that of the same name is this module itself.
    """

    def __getattr__(name: str) -> object:  # noqa: N807 - it is one
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(module_of[name])
        is_itself = module_of[name] == f"{package}.{name}"
        thing: object = module if is_itself else getattr(module, name)
        namespace[name] = thing
        return thing

    return __getattr__
