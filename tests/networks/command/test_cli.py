"""The command chainrule: its output, its files, its exit codes, Ctrl-C and what may be missing."""

# ruff: noqa: RUF001 - formulas have signs of their own

import errno
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import autograd
import chainrule
import nn
from autograd import ops
from nn.command import cli, demos

COMMAND = [sys.executable, "-m", "chainrule"]
ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(Path(__file__).parents[3]),
    "PYTHONUNBUFFERED": "",  # as in a shell: stdout to a pipe is written when the process ends
}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Each test runs in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys):
    """Run the command; (exit code, lines of stdout, lines of stderr)."""

    def run(*arguments):
        code = cli.main(list(arguments))
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run


def names(folder=Path()):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def without_dot(tmp_path_factory, monkeypatch):
    """A PATH on which there is no program."""
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("no programs")))


needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="needs the program dot")
is_svg = "{http://www.w3.org/2000/svg}svg"


# --- wrong arguments ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["paint"], "'paint'"),
        (["--bogus"], "required|unrecognized"),
        (["info", "extra"], "unrecognized arguments: extra"),
        (["demo", "fashion"], "invalid choice: 'fashion'.*digits"),
        (["demo", "xor", "moons"], "unrecognized arguments: moons"),
        (["demo", "xor", "--bogus"], "--bogus"),
        (["demo", "--bo\ngus"], "--bo"),
        (["playground", "digits"], "invalid choice: 'digits'.*moons"),
        (["demo", "xor", "--epochs"], "--epochs: expected one argument"),
        (["demo", "xor", "--epochs", "0"], "'0' is not a whole number from 1 up"),
        (["demo", "xor", "--epochs", "-3"], "--epochs"),
        (["demo", "xor", "--epochs", "1.5"], "'1.5' is not a whole number"),
        (["demo", "xor", "--epochs", "²"], "'²' is not a whole number"),
        (["demo", "xor", "--epochs", "many"], "'many' is not a whole number"),
        (["demo", "xor", "--epochs", "9" * 5000], "--epochs"),
        (["demo", "xor", "--seed", "today"], "--seed: invalid int value: 'today'"),
        (["demo", "xor", "--out", "a file"], "--out a file is a file, not a folder"),
        (["draw"], r"draw takes an expression, such as: chainrule draw \"tanh\(w\*x \+ b\)\""),
        (["draw", ""], "the expression is empty: write one such as tanh"),
        (["draw", "x"], "no number is given for 'x'"),
        (["draw", "x", "=1"], "'=1' is not NAME=NUMBER"),
        (["draw", "x", "2x=1"], "'2x=1' is not NAME=NUMBER"),
        (["draw", "x", "x="], "'' in 'x=' is not a number"),
        (["draw", "x", "x=one"], "'one' in 'x=one' is not a number"),
        (["draw", "x", "x=1=2"], "'1=2' in 'x=1=2' is not a number"),
        (["draw", "x", "x=1", "y=2"], "y given, but not in 'x'"),
        (["draw", "(x", "x=1"], r"cannot read '\(x'"),
        (["draw", "x\n+ y)", "x=1"], "cannot read"),
        (["draw", "tan8(x)", "x=1"], "no operation is called 'tan8': did you mean tan"),
        (["draw", "atan2(x)", "x=1"], "."),
        (["draw", "log(x)", "x=-1"], r"log\(x=-1.0\): no real value there"),
        (["draw", "1/x", "x=0"], r"div\(1.0, x=0.0\): division by zero"),
        (["draw", "exp(x)", "x=1000"], r"exp\(x=1000.0\): the result is too large"),
        (["draw", "x", "x=1", "--out", "x.txt"], "cannot save as 'x.txt': use .svg, .html"),
        (["draw", "x", "x=1", "--out", "graph"], "cannot save as 'graph'"),
        (["draw", "x" * 3000, "x=1"], "3000 characters"),
        (["draw", "(" * 900 + "x" + ")" * 900, "x=1"], "nested too deeply|cannot read"),
        (["draw", "-" * 1500 + "x", "x=1"], "."),
        (["draw", "lambda", "lambda=1"], "'lambda' is a word of Python: choose another name"),
        (["draw", "lambda*x", "x=1"], r"cannot read 'lambda\*x': 'lambda' is a word of Python"),
        (["draw", "2x", "x=1"], r"cannot read '2x': write 2\*x"),
        (["draw", "wx", "w=1", "x=1"], r"no number is given for 'wx'; .* write w\*x"),
        (["draw", "x", "x"], "'x' is not NAME=NUMBER, such as w=0.5"),
        (["draw", "x", "x:1"], "'x:1' is not NAME=NUMBER, such as w=0.5"),
        (["draw", "x", "x", "=", "1"], "'x' is not NAME=NUMBER.*without spaces"),
        (["draw", "x*w", "x=1,w=2"], "'x=1,w=2' are several: put a space between them"),
        (["draw", "x", "x=1/0"], "'1/0' in 'x=1/0' is not a number.*division by zero"),
        (["draw", "x", "x=1e999"], "'1e999' in 'x=1e999' is not a number.*too large for a float"),
        (["draw", "x*1e999", "x=1"], "1e999 is too large for a float"),
        (["draw", "-1e999"], "1e999 is too large for a float"),
        (["draw", "x", "x=y"], "'y' in 'x=y' is not a number, such as 0.5, 1e-3 or 1/2"),
        (["draw", "x", "x=1,5"], "'1,5' in 'x=1,5' is not a number.*write 1.5"),
        (["draw", "x", "x=1", "--ouput", "g.svg"], "unrecognized arguments: --ouput"),
        (["draw", "x", "x=1", "--edge", "flow"], "unrecognized arguments: --edge"),
        (["draw", "--x"], "unrecognized arguments: --x"),
        (
            ["draw", "\N{MICRO SIGN}", "\N{MICRO SIGN}=1", "\N{GREEK SMALL LETTER MU}=2"],
            ". is given",
        ),
        (["demo", "xor", "--out", ""], "--out is empty: name a folder, or leave it out"),
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_code_2(run, arguments, match):
    Path("a file").touch()
    code, out, err = run(*arguments)
    assert code == 2
    assert out == []
    assert len(err) == 1, err
    assert re.match(f"chainrule: .*(?:{match})", err[0]), err
    assert names() == ["a file"]


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('touch pwned')",
        'exec(\'open("pwned", "w")\')',
        "open('pwned', 'w')",
        "().__class__.__base__.__subclasses__()",
        "x.__class__",
        "x.data",
        "tanh.__globals__",
        "tanh",
        "x[0]",
        "[x]",
        "(x, x)",
        "{x}",
        "lambda: x",
        "(lambda: x)()",
        "x if x else x",
        "x and x",
        "x < 1",
        "not x",
        "~x",
        "x @ x",
        "x // 2",
        "x % 2",
        "x := 2",
        "[x for x in (1,)]",
        'f"{x}"',
        "'text'",
        "True",
        "None",
        "1j",
        "...",
        "maximum(*x)",
        "maximum(x, y=x)",
        "tanh(**x)",
        "await x",
        "yield x",
        "import os",
        "x = 1",
        "x; x",
        "x # comment\nx",
        "__builtins__",
        "draw(x)",
        "breakpoint()",
    ],
)
def test_an_expression_that_is_no_arithmetic_is_refused(run, expression):
    code, out, err = run("draw", expression, "x=1")
    assert (code, out, len(err)) == (2, [], 1)
    assert err[0].startswith("chainrule: ")
    assert names() == []


def test_a_folder_that_does_not_exist_is_one_line(run):
    code, out, err = run("draw", "x", "x=1", "--out", "none/graph.dot")
    assert (code, out) == (1, [])
    assert err == ["chainrule: none/graph.dot: No such file or directory"]


def test_a_results_folder_below_a_file_is_one_line(run):
    pytest.importorskip("sklearn")
    Path("file").touch()
    code, _, err = run("demo", "xor", "--epochs", "1", "--out", "file/below")
    assert (code, len(err)) == (1, 1)
    assert err[0].startswith("chainrule: file")


def helped(capsys, *arguments):
    """What a request for help prints; its exit code is 0."""
    with pytest.raises(SystemExit) as caught:
        cli.main(list(arguments))
    out, err = capsys.readouterr()
    assert (caught.value.code, err) == (0, "")
    assert out.startswith("usage: chainrule")
    return out


@pytest.mark.parametrize("columns", ["", "1", "20", "80", "400", "-3", "many"])
@pytest.mark.parametrize(
    "arguments", [["--help"], ["demo", "--help"], ["draw", "-h"], ["playground", "-h"]]
)
def test_help_goes_to_stdout_in_any_width(arguments, columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    helped(capsys, *arguments)


def test_the_command_alone_shows_help_with_examples_that_run(run):
    code, out, err = run()
    assert (code, err) == (0, [])
    assert out[0].startswith("usage: chainrule")
    examples = [line.strip() for line in out[out.index("examples:") + 1 :]]
    assert {"chainrule demo", "chainrule demo moons"} <= {line.split("  ")[0] for line in examples}
    drawn = next(line for line in examples if line.startswith('chainrule draw "'))
    assert run(*shlex.split(drawn)[1:])[0] == 0


def test_help_of_the_demo_says_the_defaults(capsys):
    said = " ".join(helped(capsys, "demo", "--help").split())
    assert "(default: digits)" in said
    assert "(default: chainrule-NAME)" in said
    epochs = ", ".join(f"{name} {demo.epochs}" for name, demo in demos.DEMOS.items())
    assert f"passes over the samples (default: {epochs})" in said
    assert "of all randomness (default: 0)" in said


def test_help_of_draw_lists_the_operations_and_examples_that_run(capsys, run):
    said = helped(capsys, "draw", "--help")
    words = set(re.findall(r"\w+", said))
    assert {rule.__name__ for rule in ops.TABLE if rule is not ops.dot} <= words
    examples = [
        line.strip() for line in said.splitlines()[said.splitlines().index("examples:") + 1 :]
    ]
    assert len(examples) == 3
    for example in examples:
        code, _, err = run(*shlex.split(example)[1:])
        assert (code, err) == (0, [])
    assert names() == ["graph.svg", "loss.html"]


# --- playground --------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was asked to open."""
    found = []
    monkeypatch.setattr(cli.webbrowser, "open", found.append)
    return found


@pytest.mark.parametrize("name", ["moons", "circles", "spiral", "xor"])
def test_a_playground_is_written_and_opened(name, run, opened):
    code, out, err = run("playground", name)
    assert (code, err, names()) == (0, [], [f"playground-{name}.html"])
    assert f"playground-{name}.html" in out[0]
    assert opened == [Path(f"playground-{name}.html").resolve().as_uri()]
    assert Path(f"playground-{name}.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_playground_goes_where_it_is_told_and_follows_the_seed(run, opened):
    pages = []
    for seed in ("0", "0", "1"):
        code, _, err = run("playground", "--out", "p.html", "--no-open", "--seed", seed)
        assert (code, err, opened, names()) == (0, [], [], ["p.html"])
        pages.append(Path("p.html").read_bytes())
    assert pages[0] == pages[1] != pages[2]


@pytest.mark.parametrize("out", ["", "p.svg", "folder"])
def test_a_playground_is_a_page(out, run, opened):
    code, _, err = run("playground", "--out", out)
    assert (code, opened, names()) == (2, [], [])
    assert "must end in .html" in err[0]


def test_a_playground_that_cannot_be_written_says_where(run, opened):
    code, _, err = run("playground", "--out", "nowhere/p.html")
    assert (code, opened) == (1, [])
    assert err[0].startswith("chainrule: nowhere/p.html: ")


# --- draw --------------------------------------------------------------------------


def test_draw_writes_an_svg_and_says_values_and_gradients(run):
    code, out, err = run("draw", "tanh(w*x + b)", "w=0.5", "x=2", "b=-1")
    assert (code, err) == (0, [])
    # The sum is 0 and the slope of tanh there is 1.
    assert sorted(out[:-1]) == [
        "b = -1, gradient 1",
        "w = 0.5, gradient 2",
        "x = 2, gradient 0.5",
    ]
    assert out[-1] == "tanh(w*x + b) = 0, written to graph.svg"
    root = ET.parse("graph.svg").getroot()  # noqa: S314 - our own file
    texts = {element.text.strip() for element in root.iter() if element.text}
    assert root.tag == is_svg
    assert {"w", "x", "b", "tanh", "\N{MULTIPLICATION SIGN}", "+", "0.5", "2"} <= texts
    assert names() == ["graph.svg"]


@needs_dot
@pytest.mark.parametrize(
    ("name", "start"), [("a.png", PNG), ("a.pdf", b"%PDF"), ("a.PNG", PNG), ("a.svg", b"<svg")]
)
def test_the_suffix_decides_the_format(run, name, start):
    code, out, _ = run("draw", "x*x", "x=3", "--out", name)
    assert code == 0
    assert out == ["x = 3, gradient 6", f"x*x = 9, written to {name}"]
    assert Path(name).read_bytes().startswith(start)


def test_dot_text_needs_no_program(run, without_dot):
    code, out, err = run("draw", "x*x", "x=3", "--out", "graph.dot")
    assert (code, err) == (0, [])
    assert out[-1] == "x*x = 9, written to graph.dot"
    assert Path("graph.dot").read_text(encoding="utf-8").startswith("digraph")


@pytest.mark.parametrize(("name", "start"), [("graph.svg", "<svg"), ("graph.html", "<!DOCTYPE")])
def test_pictures_need_no_program(run, without_dot, name, start):
    code, out, err = run("draw", "x*x", "x=3", "--out", name)
    assert (code, out, err) == (0, ["x = 3, gradient 6", f"x*x = 9, written to {name}"], [])
    assert Path(name).read_text(encoding="utf-8").startswith(start)


def test_without_dot_a_picture_in_svg_is_written_with_a_hint(run, without_dot):
    code, out, err = run("draw", "x*x", "x=3", "--out", "graph.pdf")
    assert (code, err) == (0, [])
    assert out[1] == "x*x = 9, written to graph.svg"
    assert "`dot` was not found" in out[2]
    assert "apt install graphviz" in out[2]
    assert names() == ["graph.svg"]


def test_without_its_package_a_png_is_an_svg_with_a_hint(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    code, out, err = run("draw", "x*x", "x=3", "--out", "graph.png")
    assert (code, err) == (0, [])
    assert out[1] == "x*x = 9, written to graph.svg"
    assert "pip install 'chainrule[plot]'" in out[2]
    assert names() == ["graph.svg"]


def test_draw_takes_the_options_of_a_picture(run):
    options = ["--highlight", "w", "--edges", "local", "--rankdir", "TB", "--theme", "dark"]
    code, _, err = run("draw", "w*x + b", "w=0.5", "x=2", "b=-1", *options)
    assert (code, err) == (0, [])
    root = ET.parse("graph.svg").getroot()  # noqa: S314 - our own file
    texts = [element.text for element in root.iter() if element.text]
    assert "∂L/∂w = 2" in texts
    assert float(root.get("height")) > float(root.get("width"))


def test_a_name_to_highlight_must_be_in_the_expression(run):
    code, out, err = run("draw", "w*x", "w=1", "x=2", "--highlight", "v")
    assert (code, out) == (2, [])
    assert err == ["chainrule: --highlight v: the names in the expression are w, x"]
    assert names() == []


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["-x", "x=2"], ["x = 2, gradient -1", "-x = -2, written to g.dot"]),
        (["-hypot(3,x)", "x=4"], ["x = 4, gradient -0.8", "-hypot(3,x) = -5, written to g.dot"]),
        (["-(x+1)", "x=2"], ["x = 2, gradient -1", "-(x+1) = -3, written to g.dot"]),
        (["2 + 3"], ["2 + 3 = 5, written to g.dot"]),
        (["x^2", "x=3"], ["x = 3, gradient 6", "x^2 = 9, written to g.dot"]),
        (["x*pi/pi", "x=-2e1"], ["x = -20, gradient 1", "x*pi/pi = -20, written to g.dot"]),
        (["max(x, 3*x)", "x=2"], ["x = 2, gradient 3", "max(x, 3*x) = 6, written to g.dot"]),
        (["text*self", "text=3", "self=2"], ["text*self = 6, written to g.dot"]),
        (["--x", "x=2"], ["x = 2, gradient 1", "--x = 2, written to g.dot"]),
        (["--x-y", "x=2", "y=1"], ["--x-y = 1, written to g.dot"]),
        (["--2*x", "x=2"], ["x = 2, gradient 2", "--2*x = 4, written to g.dot"]),
        (["--(x)", "x=2"], ["--(x) = 2, written to g.dot"]),
        (["-h", "h=2"], ["h = 2, gradient -1", "-h = -2, written to g.dot"]),
        (["--edges", "flow", "w*x", "w=2", "x=3"], ["w*x = 6, written to g.dot"]),
        (["w*x", "--edges", "flow", "w=2", "x=3"], ["w*x = 6, written to g.dot"]),
        (["w*x", "w=2", "--edges", "flow", "x=3"], ["w*x = 6, written to g.dot"]),
        (["x", "x=1/2"], ["x = 0.5, gradient 1", "x = 0.5, written to g.dot"]),
        (["x", "x = -2^2"], ["x = -4, gradient 1", "x = -4, written to g.dot"]),
        (["x", "x=\N{MINUS SIGN}2"], ["x = -2, gradient 1", "x = -2, written to g.dot"]),
        (
            ["cos(x)", "x=pi"],
            ["x = 3.14159, gradient -1.22465e-16", "cos(x) = -1, written to g.dot"],
        ),
        (["2 × x − 1", "x=3"], ["2 × x − 1 = 5, written to g.dot"]),
        (["x/π", "x=pi"], ["x/π = 1, written to g.dot"]),
    ],
)
def test_draw_computes(run, arguments, lines):
    code, out, err = run("draw", *arguments, "--out", "g.dot")
    assert (code, err) == (0, [])
    assert out[-len(lines) :] == lines


# --- info --------------------------------------------------------------------------


def test_info_says_version_engine_python_and_dot(run):
    code, out, err = run("info")
    assert (code, err) == (0, [])
    said = dict(line.split(maxsplit=1) for line in out)
    assert list(said) == ["chainrule", "engine", "python", "dot"]
    assert said["engine"].split()[0] == autograd.engine
    assert said["python"] == sys.version.split()[0].rstrip("+")
    assert said["dot"] == (shutil.which("dot") or "not found")


def test_info_without_dot(run, without_dot):
    _, out, _ = run("info")
    assert re.fullmatch(r"dot +not found", out[-1])


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert re.fullmatch(r"chainrule (\d+\.\d+\.\d+.*|unknown)\n", capsys.readouterr().out)


# --- demo --------------------------------------------------------------------------

WRITTEN = ["model.json", "neuron.svg", "report.html", "training.png"]


@needs_dot
@pytest.mark.parametrize(
    ("name", "options", "files"),
    [
        ("xor", ["--epochs", "2"], ["boundary.png", *WRITTEN]),
        ("digits", ["--epochs", "1"], ["misread.png", *WRITTEN]),
    ],
)
def test_demo_writes_its_results_and_lists_them(run, name, options, files):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    code, out, err = run("demo", name, *options, "--seed", "1")
    folder = Path(f"chainrule-{name}")
    assert code == 0
    assert err[-1].rsplit("\r", 1)[-1].startswith(f"epoch {options[1]}, compiled: 100%")
    assert names(folder) == files
    *listed, empty, last = out[out.index(f"writing to {folder}/") + 1 :]
    assert sorted(line.split()[0] for line in listed) == files
    assert (empty, last) == ("", f"open {folder}/report.html first")
    for file in files:
        if file.endswith(".png"):
            assert (folder / file).read_bytes().startswith(PNG)
    assert ET.parse(folder / "neuron.svg").getroot().tag == is_svg  # noqa: S314 - our own file
    model = nn.load(folder / "model.json")
    assert f"parameters  {len(model.parameters()):,}" in out
    accuracy = float(next(re.search(r"([\d.]+)%", line)[1] for line in out if "accuracy" in line))
    assert accuracy > (75.0 if name == "digits" else 0.0)


def test_demo_without_dot_still_writes_everything(run, without_dot):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    code, out, _ = run("demo", "xor", "--epochs", "1", "--out", "results")
    assert code == 0
    assert names(Path("results")) == ["boundary.png", *WRITTEN]
    assert not any("`dot`" in line for line in out)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"matplotlib"}, "matplotlib"),
        ({"sklearn"}, "scikit-learn"),
        ({"matplotlib", "sklearn"}, "matplotlib and scikit-learn"),
    ],
)
def test_demo_without_its_libraries_says_how_to_get_them(run, monkeypatch, missing, said):
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name in missing else object())
    code, out, err = run("demo", "xor")
    assert (code, out) == (1, [])
    assert err == [f"chainrule: the demo needs {said}: pip install 'chainrule[demo]'"]
    assert names() == []


# --- as a process ------------------------------------------------------------------


def process(*arguments, command=COMMAND, environment=None, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(
        [*command, *arguments],
        env=ENVIRONMENT | (environment or {}),
        text=True,
        errors="surrogateescape",
        check=False,
        **options,
    )


@pytest.mark.parametrize("module", ["chainrule", "nn"])
def test_the_module_is_the_command(module):
    command = [sys.executable, "-m", module]
    result = process("draw", "x*x", "x=3", "--out", "graph.dot", command=command)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "x = 3, gradient 6\nx*x = 9, written to graph.dot\n"
    assert names() == ["graph.dot"]


def test_the_exit_code_of_wrong_arguments_reaches_the_shell():
    result = process("draw", "x")
    assert (result.returncode, result.stdout) == (2, "")
    assert re.fullmatch(r"chainrule: .*\n", result.stderr)


def test_the_module_chainrule_says_what_to_import():
    with pytest.raises(ImportError, match="cannot import name 'Value'"):
        from chainrule import Value  # noqa: F401
    with pytest.raises(AttributeError, match="from autograd import Value"):
        chainrule.Value


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"PYTHONIOENCODING": "ascii"}, r"\u03bb"),
        ({"PYTHONIOENCODING": "cp1252"}, r"\u03bb"),
        ({"LC_ALL": "C", "HOME": ""}, "λ"),  # Python itself takes UTF-8 there
    ],
)
def test_what_the_terminal_cannot_show_is_written_as_an_escape(environment, shown):
    result = process("draw", "λ*λ", "λ=3", environment=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{shown} = 3, gradient 6",
        f"{shown}*{shown} = 9, written to graph.svg",
    ]
    assert ">λ<" in Path("graph.svg").read_text(encoding="utf-8")


def test_an_encoding_without_letters_is_no_obstacle_to_a_complaint():
    result = process("draw", "λ", environment={"PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(r"chainrule: no number is given for '\u03bb'; add \u03bb=1.5")


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("words", "code", "out", "err"),
    [
        ("info >&-", 1, "", "standard output is closed; write >/dev/null to throw away"),
        ("draw x x=1 >&-", 1, "", "standard output is closed"),
        ("draw x >&- 2>&-", 1, "", ""),
        ("draw x 2>&-", 2, "", ""),
        ("draw x x=1 <&- 2>&-", 0, "x = 1, gradient 1\nx = 1, written to graph.svg\n", ""),
    ],
)
def test_a_closed_stream_is_at_most_one_line(words, code, out, err):
    shell = shlex.join(COMMAND)
    result = process(command=["sh", "-c", f"{shell} {words}"])
    assert (result.returncode, result.stdout) == (code, out)
    assert re.fullmatch(f"chainrule: {err}.*\n" if err else "", result.stderr)
    assert names() == (["graph.svg"] if code == 0 else [])


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX pipe")
@pytest.mark.parametrize("arguments", [["info"], ["--help"], []])
def test_a_reader_that_goes_away_is_no_message(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = process(*arguments, stdout=writing)
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_one_line():
    with Path("/dev/full").open("w") as full:
        result = process("info", stdout=full)
    assert result.returncode == 1
    assert result.stderr == "chainrule: standard output: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
@pytest.mark.parametrize("module", ["nn", "autograd.value", "argparse", "nn.training"])
def test_ctrl_c_while_the_command_starts_is_one_line(module):
    # As the script that pip writes, with Ctrl-C at the moment at which `module` is imported.
    script = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from chainrule import main
sys.exit(main())
"""
    result = process("info", command=[sys.executable, "-c", script])
    assert (result.returncode, result.stdout) == (130, "")
    assert result.stderr == "chainrule: interrupted\n"


# Sends Ctrl-C to itself in the middle of the third epoch: no matter how fast the machine is.
INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import nn.training
epoch = nn.fitting.trainer.Trainer.epoch
def interrupting(self, batches, bar, number):
    def counted():
        for i, batch in enumerate(batches):
            if number == 3 and i == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield batch
    return epoch(self, counted(), bar, number)
nn.fitting.trainer.Trainer.epoch = interrupting
from chainrule import main
sys.exit(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_ctrl_c_ends_the_training_and_still_writes_the_results():
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    demo = process("demo", "moons", "--out", "results", command=[sys.executable, "-c", INTERRUPTED])
    assert demo.returncode == 0
    assert "Traceback" not in demo.stderr
    assert "interrupted in epoch 4; what was learned is kept" in demo.stdout
    assert demo.stdout.rstrip().endswith("open results/report.html first")
    assert names(Path("results")) == ["boundary.png", *WRITTEN]
    model = nn.load("results/model.json")
    X, y = nn.data.moons(100, 0.15, seed=5)
    # Three epochs teach it something already.
    assert nn.evaluate(model, X, y, nn.binary_cross_entropy_with_logits)[1] > 0.7


def test_ctrl_c_outside_the_training_is_one_line(run, monkeypatch):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(demos, "report", interrupted)
    code, _, err = run("demo", "xor", "--epochs", "1")
    assert code == 130
    assert err[-1] == "chainrule: interrupted"


# --- places that cannot be written ---------------------------------------------------


class FullDisk:
    """A stand-in for a method that writes: there is no room."""

    def __call__(self, *_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_names_the_picture(run, monkeypatch):
    monkeypatch.setattr(autograd.Drawing, "save", FullDisk())
    code, _, err = run("draw", "x", "x=1")
    assert (code, err) == (1, ["chainrule: graph.svg: No space left on device"])


def test_a_full_disk_names_the_result_of_the_demo(run, monkeypatch):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    monkeypatch.setattr(nn.Report, "save", FullDisk())
    code, out, err = run("demo", "xor", "--epochs", "1", "--out", "d")
    assert (code, err[-1]) == (1, "chainrule: d/report.html: No space left on device")
    assert [line.split()[0] for line in out if line.startswith("  ")][-1] == "boundary.png"


def test_a_place_that_cannot_be_written_is_said_before_the_training(run, monkeypatch):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    trained = []
    monkeypatch.setattr(demos, "run", lambda *_: trained.append(1))
    monkeypatch.setattr(tempfile, "TemporaryFile", FullDisk())
    code, _, err = run("demo", "xor", "--out", "d")
    assert (code, err, trained) == (1, ["chainrule: d: No space left on device"], [])


def test_a_folder_in_the_way_of_a_result_is_said_before_the_training(run):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    Path("d/report.html").mkdir(parents=True)
    code, out, err = run("demo", "xor", "--out", "d")
    assert (code, out) == (2, [])
    assert err == ["chainrule: d/report.html is a folder: it is in the way of a result"]


def test_a_folder_in_the_way_of_a_picture_is_one_line(run):
    Path("graph.svg").mkdir()
    code, out, err = run("draw", "x", "x=1")
    assert (code, out, err) == (1, [], ["chainrule: graph.svg: Is a directory"])


@pytest.mark.skipif(os.name != "posix", reason="needs a program written as a script")
def test_a_dot_that_fails_is_one_line(run, tmp_path_factory, monkeypatch):
    programs = tmp_path_factory.mktemp("programs")
    (programs / "dot").write_text("#!/bin/sh\necho 'no fonts' >&2\nexit 1\n")
    (programs / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    code, out, err = run("draw", "x*x", "x=1", "--out", "graph.png")
    assert (code, out, err) == (1, [], ["chainrule: `dot` could not lay the picture out: no fonts"])
