"""The names that modules had before they moved: an import or a pickle that says one still works.

A former name is a module of its own that holds nothing: it looks up what it is
asked for where that lies now, so a class is one class by both names.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

# Where what was in a module lies now; of a module that was taken apart, in which order to look.
FORMER_NAMES = {
    "autograd._engine": ("autograd.engines.compiled",),
    "autograd._select": (
        "autograd.engines.select",
        "autograd.engines.numbers",
    ),
    "autograd.checks": ("autograd.support.arguments",),
    "autograd.compare": ("autograd.checking.torch_comparison",),
    "autograd.derived": ("autograd.calculus.differentiate",),
    "autograd.elements": ("autograd.support.elements",),
    "autograd.export.algebra": ("autograd.calculus.simplify",),
    "autograd.export.c": ("autograd.export.c_printer",),
    "autograd.export.derivatives": ("autograd.calculus.readable",),
    "autograd.export.headers": ("autograd.export.c_headers",),
    "autograd.export.javascript": ("autograd.export.javascript_printer",),
    "autograd.export.latex": ("autograd.export.latex_printer",),
    "autograd.export.text": ("autograd.export.text_printer",),
    "autograd.expression": ("autograd.expressions.parser",),
    "autograd.fields": ("autograd.support.fields",),
    "autograd.foreign": ("autograd.support.made_by_hand",),
    "autograd.formulas": (
        "autograd.calculus.formula",
        "autograd.calculus.rule_names",
    ),
    "autograd.functional": ("autograd.transforms.functional",),
    "autograd.gradcheck": ("autograd.checking.gradient_check",),
    "autograd.graph_sweeps": ("autograd.transforms.value_sweeps",),
    "autograd.hooks": ("autograd.support.hooks",),
    "autograd.limits": ("autograd.transforms.limits_at_kinks",),
    "autograd.modes": ("autograd.support.modes",),
    "autograd.node": ("autograd.support.node",),
    "autograd.numerical": ("autograd.checking.nudging",),
    "autograd.numpy_loops": ("autograd.support.numpy_loops",),
    "autograd.numpy_support": (
        "autograd.support.numpy_support",
        "autograd.support.numpy_arrival",
    ),
    "autograd.operation": ("autograd.checking.own_operations",),
    "autograd.partials": (
        "autograd.calculus.derived_rules",
        "autograd.calculus.tangents",
        "autograd.transforms.partial_values",
        "autograd.transforms.kinks",
        "autograd.support.provenance",
    ),
    "autograd.pickling": (
        "autograd.support.pickling",
        "autograd.engines.pure",
    ),
    "autograd.runs": ("autograd.transforms.transformed_call",),
    "autograd.slopes": ("autograd.checking.extrapolation",),
    "autograd.spelling": (
        "autograd.expressions.spelling",
        "autograd.support.arguments",
    ),
    "autograd.sweeps": ("autograd.engines.sweeps",),
    "autograd.trees": ("autograd.support.structures",),
    "autograd.visual.boxes": ("autograd.visual.graph.boxes",),
    "autograd.visual.digraph": ("autograd.visual.graph.digraph",),
    "autograd.visual.dot_program": ("autograd.visual.graph.dot_program",),
    "autograd.visual.drawing": ("autograd.visual.graph.drawing",),
    "autograd.visual.equations": ("autograd.visual.explanation.latex_equations",),
    "autograd.visual.explain": (
        "autograd.visual.explanation.explanation",
        "autograd.visual.explanation.story",
    ),
    "autograd.visual.explain_html": ("autograd.visual.explanation.as_html",),
    "autograd.visual.explain_latex": ("autograd.visual.explanation.as_latex",),
    "autograd.visual.explain_text": ("autograd.visual.explanation.as_text",),
    "autograd.visual.flags": ("autograd.visual.graph.flags",),
    "autograd.visual.given": ("autograd.visual.arguments",),
    "autograd.visual.grouping": ("autograd.visual.graph.grouping",),
    "autograd.visual.heatmap": ("autograd.visual.graph.heatmap",),
    "autograd.visual.layering": ("autograd.visual.graph.layering",),
    "autograd.visual.layout": ("autograd.visual.graph.layout",),
    "autograd.visual.model": ("autograd.visual.graph.model",),
    "autograd.visual.names": ("autograd.visual.naming",),
    "autograd.visual.operands": ("autograd.visual.graph.operand_order",),
    "autograd.visual.placement": ("autograd.visual.graph.placement",),
    "autograd.visual.player": ("autograd.visual.player.player",),
    "autograd.visual.player_content": ("autograd.visual.player.content",),
    "autograd.visual.reverse_network": ("autograd.visual.explanation.reversed_network",),
    "autograd.visual.svg": ("autograd.visual.graph.svg",),
    "autograd.visual.symbols": (
        "autograd.visual.naming",
        "autograd.visual.explanation.definitions",
    ),
    "autograd.visual.text": ("autograd.visual.texts",),
    "nn.animation": ("nn.pictures.animation",),
    "nn.cli": ("nn.command.cli",),
    "nn.course": ("nn.fitting.resuming",),
    "nn.demos": ("nn.command.demos",),
    "nn.files": ("nn.model_files.whole_files",),
    "nn.layer_plots": ("nn.pictures.layers",),
    "nn.ownership": ("nn.fitting.ownership",),
    "nn.pairing": (
        "nn.loss_parts.terms",
        "nn.loss_parts.class_targets",
        "nn.arguments.numbers",
        "nn.arguments.messages",
    ),
    "nn.picture": ("nn.pictures.figure",),
    "nn.preparation": (
        "nn.fitting.fit_arguments",
        "nn.fitting.samples",
    ),
    "nn.reading": (
        "nn.class_reading.which_reading",
        "nn.class_reading.reading",
        "nn.class_reading.target_kinds",
        "nn.class_reading.output_origins",
        "nn.arguments.numbers",
    ),
    "nn.recording": (
        "nn.fitting.recorder",
        "nn.history",
    ),
    "nn.reports": ("nn.pictures.reports",),
    "nn.rows": ("nn.arguments.rows",),
    "nn.run": ("nn.fitting.trainer",),
    "nn.samples": ("nn.fitting.samples",),
    "nn.settings": ("nn.arguments.settings",),
    "nn.stopping": ("nn.fitting.early_stopping",),
    "nn.surface": ("nn.pictures.surface",),
    "nn.terminal": ("nn.command.terminal",),
    "nn.watch": ("nn.pictures.live",),
}
# Python sets a module that it finds as an attribute of its package. These are there from the
# beginning, so that it finds none to set: what is public has the name.
_TAKEN = ("autograd.gradcheck",)


def found(module: str, name: str) -> object:
    """What `module` held by that name; AttributeError if nothing is left of it."""
    # What looks through all modules (`inspect`, `unittest`) asks for such names: no import.
    if not (name.startswith("__") and name.endswith("__")):
        for room in map(import_module, FORMER_NAMES[module]):
            if hasattr(room, name):
                return getattr(room, name)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


class FormerModule(ModuleType):
    """A module by its former name."""

    def __getattr__(self, name: str) -> object:
        if name == "__all__":
            return [each for each in dir(self) if not each.startswith("_")]
        return found(self.__name__, name)

    def __dir__(self) -> list[str]:
        rooms = map(import_module, FORMER_NAMES[self.__name__])
        return sorted({name for room in rooms for name in vars(room)})


class _Finder:
    """What Python asks where a module lies that nothing else has found."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in FORMER_NAMES:
            return None
        return ModuleSpec(name, self, origin=f"now {' and '.join(FORMER_NAMES[name])}")  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return FormerModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


def install() -> None:
    """Have Python find modules by their former names."""
    finder = _Finder()
    sys.meta_path.append(finder)
    for name in _TAKEN:
        module = sys.modules[name] = FormerModule(name)
        module.__spec__, module.__loader__ = finder.find_spec(name), finder  # type: ignore[assignment]
