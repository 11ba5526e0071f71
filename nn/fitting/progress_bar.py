"""The progress bar of `fit`, and one that shows nothing."""

import warnings
from importlib import import_module
from typing import Any, Self


def progress_bar(epochs: int, samples: int, *, shown: bool) -> Any:
    """A bar of tqdm over all samples of all epochs; without `shown` one that does nothing."""
    if not shown:
        return _NoBar()
    # Of tqdm, where ipywidgets are missing, and in a browser, which has no threads.
    with warnings.catch_warnings(action="ignore"):
        return import_module("tqdm.auto").tqdm(
            total=epochs * samples,
            desc="training",
            unit=" samples",
            unit_scale=True,
            dynamic_ncols=True,
        )


class _NoBar:
    """What `fit` tells of its progress to where no bar is shown."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ignore(self, *_: Any, **__: Any) -> None:
        """Show nothing."""

    set_description = set_postfix = update = write = ignore
