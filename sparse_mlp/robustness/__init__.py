"""What a trained sparse network tells about its inputs, and how well it stands what is done to it."""

from __future__ import annotations

from sparse_mlp.robustness.feature_selection import input_strength, select_features
from sparse_mlp.robustness.strength_course import InputStrengths, StrengthCourse, load_course

__all__ = ["InputStrengths", "StrengthCourse", "input_strength", "load_course", "select_features"]
