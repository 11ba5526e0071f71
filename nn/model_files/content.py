"""What a model file holds: JSON with every number exact, read with care."""

import json
import math
from pathlib import Path
from typing import Any

from autograd.errors import ChainruleError

FORMAT, VERSION = "chainrule model", 1


class ModelFileError(ChainruleError, ValueError):
    """A file is not a complete chainrule model, or not one of this shape."""


def read_content(path: Path) -> dict[str, Any]:
    """What the file at `path` holds; ModelFileError unless it is a whole model file."""
    text = path.read_bytes()
    try:
        content = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is cut short or no chainrule model: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f"{path} is no chainrule model: its format is not {FORMAT!r}")
    version = content.get("version")
    if type(version) is not int or version != VERSION:
        raise ModelFileError(f"{path} has version {version!r}, this chainrule reads {VERSION}")
    if not isinstance(content.get("parameters"), dict) or "architecture" not in content:
        raise ModelFileError(f"{path} is incomplete: no parameters or no architecture")
    return content


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands there twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text:.40} does not fit a float")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON; here it is written as a text")


def number_at(path: Path, name: str, entry: Any) -> float:
    """The number that `entry`, at `name` in the file, stands for; ModelFileError for none."""
    if isinstance(entry, float) or entry in ("nan", "inf", "-inf"):
        return float(entry)
    if isinstance(entry, int) and not isinstance(entry, bool) and abs(entry) < 2**1023:
        return float(entry)
    raise ModelFileError(f"{path}: parameter {name} is {entry!r}, not a number")


def as_json(number: float) -> float | str:
    """`number`, or a text where JSON has no number for it."""
    return number if math.isfinite(number) else repr(number)


def with_texts(tree: Any) -> Any:
    """`tree` with texts for the floats that JSON has not: nan and the infinities."""
    if isinstance(tree, float):
        return as_json(tree)
    if isinstance(tree, dict):
        return {name: with_texts(part) for name, part in tree.items()}
    return list(map(with_texts, tree)) if isinstance(tree, list | tuple) else tree


def without_texts(tree: Any) -> Any:
    """What `with_texts` was given."""
    if isinstance(tree, dict):
        return {name: without_texts(part) for name, part in tree.items()}
    if isinstance(tree, list):
        return list(map(without_texts, tree))
    return float(tree) if tree in ("nan", "inf", "-inf") else tree
