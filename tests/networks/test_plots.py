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


SHOWN = {
    "curves": "nn.plots.training_curves(nn.History(loss=[1.0]))",
    "boundary": "nn.plots.decision_boundary(model, X, y)",
    "images": "nn.plots.misread_images([[0.0]], [1], [0])",
    "function": "nn.plots.function_and_derivatives(lambda x: x * x, -1.0, 1.0)",
    "layers": "nn.plots.gradient_flow(nn.diagnose(model, X, y, nn.squared_error))",
    "animation": "nn.animate_boundary(model, X, y, history)",
    "surface": "nn.plots.loss_surface(nn.loss_surface(model, X, y, nn.squared_error, "
    "directions='random'))",
    "path": "nn.loss_surface(model, X, y, nn.squared_error, history)",
    "report": "nn.report(history, model, X, y, nn.squared_error)",
}


@pytest.mark.parametrize("picture", SHOWN)
def test_without_matplotlib_a_picture_says_how_to_get_it(picture):
    code = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name.partition('.')[0] in ('matplotlib', 'numpy', 'PIL'):\n"
        "            raise ModuleNotFoundError(f'No module named {name}', name=name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "import nn\n"
        "X, y = nn.data.xor(8, seed=0)\n"
        "model = nn.MLP(2, [2, 1], generator=0)\n"
        "optimizer = nn.SGD(model.parameters())\n"
        "loss = nn.squared_error\n"
        "history = nn.fit(model, X, y, loss, optimizer, 3, progress=False, record=True)\n"
        "try:\n"
        f"    {SHOWN[picture]}\n"
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
