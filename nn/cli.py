"""The command ``chainrule``: demo, draw and info."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import autograd
from autograd.errors import ChainruleError
from autograd.visual.drawing import find_dot


class UsageError(Exception):
    """Wrong arguments: one line for the user, exit code 2."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (by default those of the process); the exit code."""
    try:
        options = _parser().parse_args(_shielded(sys.argv[1:] if arguments is None else arguments))
        code = int(options.run(options))
        sys.stdout.flush()  # a reader that went away shows here, not at exit
        return code
    except UsageError as error:
        print(f"chainrule: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("chainrule: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"chainrule: {where}{error.strerror or error}", file=sys.stderr)
        return 1


def _shielded(arguments: Sequence[str]) -> list[str]:
    """An expression such as ``-x``, with a space before it: argparse then sees no option."""
    words = list(arguments)
    if words[:1] == ["draw"]:
        return [f" {word}" if re.match(r"-(?!-|h$)", word) else word for word in words]
    return words


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="chainrule",
        description="Scalar automatic differentiation you can read, watch, trust and train with.",
    )
    parser.add_argument("--version", action="version", version=f"chainrule {_version()}")
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", dest="command", parser_class=_Parser
    )
    demo = commands.add_parser("demo", help="train a small network and write what came of it")
    demo.add_argument(
        "name", nargs="?", default="digits",
        choices=("digits", "moons", "circles", "spiral", "xor"), help="what to learn (digits)",
    )  # fmt: skip
    demo.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the results (chainrule-NAME)"
    )
    demo.add_argument("--epochs", type=_positive, metavar="N", help="passes over the samples")
    demo.add_argument("--seed", type=int, default=0, metavar="N", help="of all randomness (0)")
    demo.set_defaults(run=_demo)
    draw = commands.add_parser(
        "draw", help="draw the graph of an expression, with values and gradients"
    )
    draw.add_argument("expression", help='such as "tanh(w*x + b)"')
    draw.add_argument("numbers", nargs="*", default=[], metavar="NAME=NUMBER", help="such as w=0.5")
    draw.add_argument(
        "--out", type=Path, default=Path("graph.svg"), metavar="FILE",
        help=".svg, .html, .png, .pdf or .dot (graph.svg)",
    )  # fmt: skip
    draw.add_argument(
        "--highlight", action="append", default=[], metavar="NAME",
        help="colour the paths from NAME to the result, with the product of the chain rule",
    )  # fmt: skip
    draw.add_argument(
        "--edges", choices=("local", "flow"), help="write derivatives or contributions on edges"
    )
    draw.add_argument("--rankdir", choices=("LR", "TB", "RL", "BT"), default="LR", help="(LR)")
    draw.add_argument(
        "--theme", choices=("light", "dark", "colour-blind"), default="light", help="(light)"
    )
    draw.set_defaults(run=_draw)
    info = commands.add_parser("info", help="say the version, the engine and what was found")
    info.set_defaults(run=_info)
    return parser


def _demo(options: argparse.Namespace) -> int:
    missing = [name for name in ("matplotlib", "sklearn") if find_spec(name) is None]
    if missing:
        names = " and ".join(missing).replace("sklearn", "scikit-learn")
        print(f"chainrule: the demo needs {names}: pip install 'chainrule[demo]'", file=sys.stderr)
        return 1
    from nn import demos

    out = options.out or Path(f"chainrule-{options.name}")
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file, not a folder")
    demos.run(options.name, out, options.epochs, options.seed, print)
    return 0


def _draw(options: argparse.Namespace) -> int:
    from nn.demos import save_drawing

    try:
        numbers = list(map(_assignment, options.numbers))
        names = [name for name, _ in numbers]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"{name} is given {names.count(name)} times")
        root = autograd.parse(options.expression, **dict(numbers))
        if root.requires_grad:
            root.backward()
        drawing = autograd.draw(
            root,
            rankdir=options.rankdir,
            theme=options.theme,
            edges=options.edges,
            highlight=_named(root, options.highlight),
            title=options.expression.strip(),
        )
        file, hint = save_drawing(drawing, options.out)
    except (ChainruleError, ValueError) as error:
        raise UsageError(str(error)) from None
    for value in autograd.topological_order(root):
        if value.label and value.requires_grad:
            print(f"{value.label} = {value.data:g}, gradient {value.grad:g}")
    print(f"{options.expression.strip()} = {root.data:g}, written to {file}{hint}")
    return 0


def _named(root: autograd.Value, names: Sequence[str]) -> list[autograd.Value]:
    """The values of the graph with these labels."""
    labelled = {value.label: value for value in autograd.topological_order(root) if value.label}
    unknown = [name for name in names if name not in labelled]
    if unknown:
        known = ", ".join(sorted(labelled)) or "none"
        raise UsageError(f"--highlight {unknown[0]}: the names in the expression are {known}")
    return [labelled[name] for name in names]


def _info(options: argparse.Namespace) -> int:
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"chainrule  {_version()}")
    print(f"engine     {autograd.engine}{_why_pure()}")
    print(f"python     {version}")
    print(f"dot        {find_dot() or 'not found'}")
    return 0


def _why_pure() -> str:
    if autograd.engine == "compiled":
        return ""
    if find_spec("autograd._engine"):
        return " (AUTOGRAD_PURE is set)"
    return " (the compiled engine was not built: no C compiler, or switched off)"


def _assignment(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise UsageError(f"{text!r} is not NAME=NUMBER, such as w=0.5")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise UsageError(f"{number!r} in {text!r} is not a number") from None


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _version() -> str:
    try:
        return metadata.version("chainrule")
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
