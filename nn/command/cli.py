"""The command ``chainrule``: demo, playground, draw and info."""

import argparse
import contextlib
import math
import re
import shutil
import sys
import tempfile
import textwrap
import webbrowser
from collections.abc import Callable, Sequence
from importlib import metadata
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from typing import NoReturn

import autograd
from autograd.errors import ChainruleError, GraphError
from autograd.support.arguments import one_spelling
from nn.command import demos
from nn.command.terminal import complain, flush_stdout, let_go_of_stdout, usable_streams
from nn.pictures.playgrounds.pages import playground

DRAW_EXAMPLE = 'chainrule draw "tanh(w*x + b)" w=0.5 x=2 b=-1.25'
DRAW_OPTIONS = ("--out", "--highlight", "--edges", "--rankdir", "--theme", "--help", "-h", "--")


class UsageError(Exception):
    """Wrong arguments: one line for the user, exit code 2."""


class _Parser(argparse.ArgumentParser):
    more: Callable[[], str] | None = None  # what stands under the help, made when asked for

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")

    def format_help(self) -> str:
        self.epilog = self.more() if self.more else None
        return super().format_help()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (by default those of the process); the exit code."""
    with usable_streams():
        if sys.stdout is None:
            complain("standard output is closed; write >/dev/null to throw away what is said")
            return 1
        try:
            code = _run(sys.argv[1:] if arguments is None else arguments)
        except UsageError as error:
            complain(str(error))
            code = 2
        except KeyboardInterrupt:
            complain("interrupted")
            code = 130
        except BrokenPipeError:  # a reader that went away, as in `| head -1`
            code = 1
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            complain(f"{where}{error.strerror or error}")
            code = 1
        let_go_of_stdout()
        return code


def _run(arguments: Sequence[str]) -> int:
    try:
        parser = _parser()
        options, others = parser.parse_known_args(_shielded(arguments))
        if options.command == "draw":  # argparse takes no more positionals after an option
            options.numbers += [word for word in others if not word.startswith("--")]
            others = [word for word in others if word.startswith("--")]
        if others:
            parser.error(f"unrecognized arguments: {' '.join(others)}")
        return int(options.run(options))
    finally:
        flush_stdout()  # what cannot be written shows here, not when Python ends


def _shielded(arguments: Sequence[str]) -> list[str]:
    """An expression such as ``-x``, with a space before it: argparse then sees no option."""
    words = list(arguments)
    if words[:1] != ["draw"]:
        return words
    given = {word.partition("=")[0].strip() for word in words[1:] if "=" in word}
    return [f" {word}" if _is_expression(word, given) else word for word in words]


def _is_expression(word: str, given: set[str]) -> bool:
    if not word.startswith("-"):
        return False
    if word.partition("=")[0] in DRAW_OPTIONS:
        return word == "-h" and "h" in given
    if not word.startswith("--"):
        return True
    # A misspelt option is letters and dashes, and so is --x-y: the names given tell them apart.
    return not re.fullmatch("--[a-z-]+(=.*)?", word) or not given.isdisjoint(word.split("-"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="chainrule",
        description="Scalar automatic differentiation you can read, watch, trust and train with.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.more = _examples
    parser.add_argument("--version", action="version", version=f"chainrule {_version()}")
    parser.set_defaults(run=_help, parser=parser)  # of the command alone
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", parser_class=_Parser)
    _add_demo(commands)
    _add_playground(commands)
    _add_draw(commands)
    info = commands.add_parser("info", help="say the version, the engine and what was found")
    info.set_defaults(run=_info)
    return parser


def _add_demo(commands: "argparse._SubParsersAction[_Parser]") -> None:
    demo = commands.add_parser("demo", help="train a small network and write what came of it")
    epochs = ", ".join(f"{name} {demo.epochs}" for name, demo in demos.DEMOS.items())
    demo.add_argument(
        "name", nargs="?", default="digits", choices=tuple(demos.DEMOS),
        help="what to learn (default: digits)",
    )  # fmt: skip
    demo.add_argument(
        "--out", metavar="DIR", help="folder for the results (default: chainrule-NAME)"
    )
    demo.add_argument(
        "--epochs", type=_positive, metavar="N", help=f"passes over the samples (default: {epochs})"
    )
    demo.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of all randomness (default: 0)"
    )
    demo.set_defaults(run=_demo)


def _add_playground(commands: "argparse._SubParsersAction[_Parser]") -> None:
    command = commands.add_parser(
        "playground", help="write a page in which a network learns, and open it"
    )
    planar = [name for name, demo in demos.DEMOS.items() if demo.inputs == 2]
    command.add_argument(
        "name", nargs="?", default="moons", choices=planar, help="what to learn (default: moons)"
    )
    command.add_argument(
        "--out", metavar="FILE", help="the page, .html (default: playground-NAME.html)"
    )
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the data (default: 0)"
    )
    command.add_argument(
        "--no-open", action="store_true", help="write the page, and open no browser"
    )
    command.set_defaults(run=_playground)


def _add_draw(commands: "argparse._SubParsersAction[_Parser]") -> None:
    draw = commands.add_parser(
        "draw", help="draw the graph of an expression, with values and gradients",
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    draw.more = _about_expressions
    # Not left to argparse, whose message could not show an example.
    draw.add_argument("expression", nargs="?", help='such as "tanh(w*x + b)"')
    draw.add_argument("numbers", nargs="*", default=[], metavar="NAME=NUMBER", help="such as w=0.5")
    draw.add_argument(
        "--out", default="graph.svg", metavar="FILE",
        help=".svg, .html, .png, .pdf or .dot (default: graph.svg)",
    )  # fmt: skip
    draw.add_argument(
        "--highlight", action="append", default=[], metavar="NAME",
        help="colour the paths from NAME to the result, with the product of the chain rule",
    )  # fmt: skip
    draw.add_argument(
        "--edges", choices=("local", "flow"),
        help="write derivatives or contributions on edges (default: neither)",
    )  # fmt: skip
    draw.add_argument(
        "--rankdir", choices=("LR", "TB", "RL", "BT"), default="LR",
        help="from left to right, top to bottom, or back (default: LR)",
    )  # fmt: skip
    draw.add_argument(
        "--theme", choices=("auto", "light", "dark", "colour-blind"), default="auto",
        help="light or dark as what shows it (default: auto)",
    )  # fmt: skip
    draw.set_defaults(run=_draw)


def _help(options: argparse.Namespace) -> int:
    options.parser.print_help()
    return 0


def _examples() -> str:
    return f"""\
examples:
  chainrule demo          learn handwritten digits, in about a minute
  chainrule demo moons    learn two half moons, in seconds
  chainrule playground    watch a network learn in the browser, and meddle
  chainrule draw --help   what an expression may contain
  {DRAW_EXAMPLE}
"""


def _about_expressions() -> str:
    # Here, so that only those who ask for help wait for the reader of expressions to load.
    from autograd.expressions.parser import OPERATIONS

    width = max(20, shutil.get_terminal_size().columns - 2)
    words = textwrap.fill(
        f"An expression has numbers, names, pi and e, + - * / ** (or ^), and: "
        f"{', '.join(OPERATIONS)}. A number may be computed, as in x=1/2 or x=pi/4.",
        width,
    )
    return f"""\
{words}

examples:
  {DRAW_EXAMPLE}
  chainrule draw "log(1 + exp(-x))" x=1/2 --edges flow --out loss.html
  chainrule draw "w*x + w**2" w=3 x=2 --highlight w
"""


def _demo(options: argparse.Namespace) -> int:
    missing = [name for name in ("matplotlib", "sklearn") if find_spec(name) is None]
    if missing:
        names = " and ".join(missing).replace("sklearn", "scikit-learn")
        complain(f"the demo needs {names}: pip install 'chainrule[demo]'")
        return 1
    if options.out == "":
        raise UsageError("--out is empty: name a folder, or leave it out")
    out = Path(options.out or f"chainrule-{options.name}")
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file, not a folder")
    out.mkdir(parents=True, exist_ok=True)
    for file in demos.RESULTS:
        if (out / file).is_dir():
            raise UsageError(f"{out / file} is a folder: it is in the way of a result")
    with demos.naming(out), tempfile.TemporaryFile(dir=out):
        pass  # better to fail now than after the training
    demos.run(options.name, out, options.epochs, options.seed, print)
    return 0


def _playground(options: argparse.Namespace) -> int:
    out = Path(options.out if options.out is not None else f"playground-{options.name}.html")
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {options.out!r} must end in .html: a playground is a page")
    demo = demos.DEMOS[options.name]
    X, y = demo.make_data(options.seed)
    page = playground(X=X, y=y, title=f"Playground: {demo.summary}")
    with demos.naming(out):
        page.save(out)
    print(f"a network for {demo.summary}, written to {out}: it trains in the page, offline")
    if not options.no_open:
        webbrowser.open(out.resolve().as_uri())
    return 0


def _draw(options: argparse.Namespace) -> int:
    if options.expression is None:
        raise UsageError(f"draw takes an expression, such as: {DRAW_EXAMPLE}")
    expression, out = options.expression.strip(), Path(options.out)
    try:
        numbers = list(map(_assignment, options.numbers))
        names = [name for name, _ in numbers]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"{name} is given {names.count(name)} times")
        root = autograd.parse(expression, **dict(numbers))
        if root.requires_grad:
            root.backward()
        drawing = autograd.draw(
            root,
            rankdir=options.rankdir,
            theme=options.theme,
            edges=options.edges,
            highlight=_named(root, options.highlight),
            title=expression,
        )
        with demos.naming(out):
            file, hint = demos.save_drawing(drawing, out)
    except GraphError as error:  # the program dot failed
        complain(str(error))
        return 1
    except (ChainruleError, ValueError) as error:
        raise UsageError(str(error)) from None
    for value in autograd.topological_order(root):
        if value.label and value.requires_grad:
            print(f"{value.label} = {value.data:g}, gradient {value.grad:g}")
    print(f"{expression} = {root.data:g}, written to {file}{hint}")
    return 0


def _named(root: autograd.Value, names: Sequence[str]) -> list[autograd.Value]:
    """The values of the graph with these labels."""
    labelled = {value.label: value for value in autograd.topological_order(root) if value.label}
    names = list(map(one_spelling, names))
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
    print(f"dot        {shutil.which('dot') or 'not found'}")
    return 0


def _why_pure() -> str:
    if autograd.engine == "compiled":
        return ""
    if find_spec("autograd.engines.compiled"):
        return " (AUTOGRAD_PURE is set)"
    return " (the compiled engine was not built: no C compiler, or switched off)"


def _assignment(text: str) -> tuple[str, float]:
    name, equals, number = (part.strip() for part in text.partition("="))
    name = one_spelling(name)
    if not equals or not name.isidentifier():
        raise UsageError(f"{text.strip()!r} is not NAME=NUMBER, such as w=0.5, without spaces")
    if re.search(r",\s*\w+\s*=", number):
        raise UsageError(f"{text.strip()!r} are several: put a space between them, as in w=0.5 x=2")
    if iskeyword(name):
        raise UsageError(f"{name!r} is a word of Python: choose another name, such as {name[:3]}1")
    # inf and nan may be given, but a number too large for a float is a slip.
    with contextlib.suppress(ValueError):
        if math.isfinite(float(number)) or not number[-1:].isdigit():
            return name, float(number)
    try:
        return name, autograd.parse(number).data
    except ChainruleError as error:
        raise UsageError(
            f"{number!r} in {text.strip()!r} is not a number, such as 0.5, 1e-3 or 1/2: {error}"
        ) from None


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _version() -> str:
    try:
        return metadata.version("chainrule")
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
