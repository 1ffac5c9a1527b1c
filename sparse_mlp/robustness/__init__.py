"""Robustness of trained networks, and feature selection by input strength."""

from __future__ import annotations

from sparse_mlp.robustness.adversarial import adversarial_accuracy, fgsm, input_gradient, pgd
from sparse_mlp.robustness.curves import RobustnessCurves, robustness_curves
from sparse_mlp.robustness.feature_selection import input_strength, select_features
from sparse_mlp.robustness.perturbations import PERTURBATIONS
from sparse_mlp.robustness.perturbed_model import SCOPES, perturb
from sparse_mlp.robustness.strength_course import InputStrengths, StrengthCourse, load_course

__all__ = [
    "PERTURBATIONS",
    "SCOPES",
    "InputStrengths",
    "RobustnessCurves",
    "StrengthCourse",
    "adversarial_accuracy",
    "fgsm",
    "input_gradient",
    "input_strength",
    "load_course",
    "perturb",
    "pgd",
    "robustness_curves",
    "select_features",
]
