"""Small neural networks from scalar code, on top of `autograd`.

>>> import nn
>>> model = nn.MLP(2, [16, 16, 1], generator=0)
>>> model
MLP(2 -> 16 relu -> 16 relu -> 1 identity, 337 parameters)
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from chainrule import other_autograd as _other_autograd

if _error := _other_autograd():
    raise _error

from autograd.support.public_names import loader as _loader
from nn import data, init, metrics, schedules
from nn.class_losses import (
    categorical_cross_entropy,
    cross_entropy,
    multiclass_hinge,
    negative_log_likelihood,
)
from nn.clipping import clip_gradient_norm, clip_gradient_value, gradient_norm
from nn.diagnostics import Diagnostics, LayerDiagnostics, diagnose
from nn.fitting.early_stopping import EarlyStopping
from nn.functional import functional_call
from nn.history import History
from nn.layers import MLP, Layer, Neuron
from nn.losses import (
    absolute_error,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    hinge,
    huber,
    squared_error,
)
from nn.model_files.content import ModelFileError
from nn.module import Module
from nn.optim import SGD, AdaGrad, Adam, AdamW, NudgeDescent, RMSProp
from nn.optimizer import Optimizer
from nn.storage import load, save
from nn.training import evaluate, fit

__all__ = [
    "MLP",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Animation",
    "ConversionError",
    "Diagnostics",
    "EarlyStopping",
    "Film",
    "History",
    "Layer",
    "LayerDiagnostics",
    "LossSurface",
    "ModelFileError",
    "Module",
    "NetworkPicture",
    "Neuron",
    "NudgeDescent",
    "Optimizer",
    "Playground",
    "RMSProp",
    "Report",
    "absolute_error",
    "animate_boundary",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_cross_entropy",
    "clip_gradient_norm",
    "clip_gradient_value",
    "compare",
    "cross_entropy",
    "data",
    "descend",
    "diagnose",
    "estimators",
    "evaluate",
    "film",
    "fit",
    "from_sklearn",
    "from_torch",
    "functional_call",
    "gradient_norm",
    "hinge",
    "huber",
    "init",
    "load",
    "loss_surface",
    "metrics",
    "multiclass_hinge",
    "negative_log_likelihood",
    "network",
    "playground",
    "plots",
    "report",
    "save",
    "schedules",
    "squared_error",
    "to_jax",
    "to_onnx",
    "to_torch",
]

if _TYPE_CHECKING:
    from nn import estimators, plots
    from nn.doors.jax_door import to_jax
    from nn.doors.onnx_door import to_onnx
    from nn.doors.sklearn_door import from_sklearn
    from nn.doors.steps import ConversionError
    from nn.doors.torch_door import from_torch, to_torch
    from nn.pictures.animation import Animation, animate_boundary
    from nn.pictures.films.comparison import compare
    from nn.pictures.films.descent import descend
    from nn.pictures.films.gradient_flow import film
    from nn.pictures.films.pages import Film
    from nn.pictures.playgrounds.network_picture import NetworkPicture, network
    from nn.pictures.playgrounds.pages import Playground, playground
    from nn.pictures.reports import Report, report
    from nn.pictures.surface import LossSurface, loss_surface

# Pictures are loaded when they are asked for.
_LATER = {
    "Animation": "nn.pictures.animation",
    "ConversionError": "nn.doors.steps",
    "Film": "nn.pictures.films.pages",
    "LossSurface": "nn.pictures.surface",
    "NetworkPicture": "nn.pictures.playgrounds.network_picture",
    "Playground": "nn.pictures.playgrounds.pages",
    "Report": "nn.pictures.reports",
    "animate_boundary": "nn.pictures.animation",
    "compare": "nn.pictures.films.comparison",
    "descend": "nn.pictures.films.descent",
    "estimators": "nn.estimators",
    "film": "nn.pictures.films.gradient_flow",
    "from_sklearn": "nn.doors.sklearn_door",
    "from_torch": "nn.doors.torch_door",
    "loss_surface": "nn.pictures.surface",
    "network": "nn.pictures.playgrounds.network_picture",
    "playground": "nn.pictures.playgrounds.pages",
    "plots": "nn.plots",
    "report": "nn.pictures.reports",
    "to_jax": "nn.doors.jax_door",
    "to_onnx": "nn.doors.onnx_door",
    "to_torch": "nn.doors.torch_door",
}


__getattr__ = _loader(__name__, _LATER, globals())


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
