"""Pictures of training with matplotlib (the extra ``plot``); each gives a Figure."""

from nn.pictures.boundary import decision_boundary
from nn.pictures.curves import training_curves
from nn.pictures.derivatives import function_and_derivatives
from nn.pictures.figure import COLOURS
from nn.pictures.images import confusion, misread_images, weight_images
from nn.pictures.layers import (
    activation_histograms,
    gradient_flow,
    gradient_histograms,
    gradients_over_steps,
    saturation,
    update_ratios,
)
from nn.pictures.level_sets import loss_surface

__all__ = [
    "COLOURS",
    "activation_histograms",
    "confusion",
    "decision_boundary",
    "function_and_derivatives",
    "gradient_flow",
    "gradient_histograms",
    "gradients_over_steps",
    "loss_surface",
    "misread_images",
    "saturation",
    "training_curves",
    "update_ratios",
    "weight_images",
]
