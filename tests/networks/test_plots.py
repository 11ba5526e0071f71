"""The pictures as a public module: when matplotlib is loaded, and what is said without it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")


def test_matplotlib_loads_when_a_picture_is_made_and_pyplot_never(tmp_path):
    code = (
        "import sys, nn, nn.plots\n"
        "assert 'matplotlib' not in sys.modules\n"
        "nn.plots.training_curves(nn.History(loss=[1.0])).savefig(sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "curves.png")]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True)
    assert (tmp_path / "curves.png").exists()


def test_without_matplotlib_a_picture_says_how_to_get_it():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import nn\n"
        "try:\n"
        "    nn.plots.training_curves(nn.History(loss=[1.0]))\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip().endswith("pip install 'chainrule[plot]'")
