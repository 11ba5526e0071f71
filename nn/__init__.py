"""Small neural networks from scalar code, on top of `autograd`.

>>> import nn
>>> model = nn.MLP(2, [16, 16, 1], generator=0)
>>> model
MLP(2 -> 16 relu -> 16 relu -> 1 identity, 337 parameters)
"""

from nn import data, init, metrics, schedules
from nn.layers import MLP, Layer, Neuron
from nn.losses import (
    absolute_error,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge,
    huber,
    negative_log_likelihood,
    squared_error,
)
from nn.module import Module
from nn.optim import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    NudgeDescent,
    Optimizer,
    RMSProp,
    clip_gradient_norm,
    clip_gradient_value,
    gradient_norm,
)
from nn.storage import ModelFileError, load, save
from nn.training import EarlyStopping, History, evaluate, fit

__all__ = [
    "MLP",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "EarlyStopping",
    "History",
    "Layer",
    "ModelFileError",
    "Module",
    "Neuron",
    "NudgeDescent",
    "Optimizer",
    "RMSProp",
    "absolute_error",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "clip_gradient_norm",
    "clip_gradient_value",
    "cross_entropy",
    "data",
    "evaluate",
    "fit",
    "gradient_norm",
    "hinge",
    "huber",
    "init",
    "load",
    "metrics",
    "negative_log_likelihood",
    "save",
    "schedules",
    "squared_error",
]
