"""Figures that hold their data first and are drawn later.

Every Display is built by a `from_...` class method, keeps what it will show in plain attributes, and draws with
`plot(ax=None, ...)`, which returns the Display with `ax_` and `figure_` set. Nothing here needs a screen, opens a
window or changes matplotlib's global settings; `save` writes the picture. Axes of your own look alike if they are made
under ``with style():``.

`PanelsDisplay` and what comes with it draw comparisons, a panel for each data set: whoever calls gets the axes to draw
on and needs no matplotlib. The figures of the papers are made with it, each in its file of `experiments.reproduction`.
"""

from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._saving import save
from sparse_mlp.plotting._style import CYCLE, INK, NEGATIVE, POSITIVE, grid, style
from sparse_mlp.plotting.adjacency import AdjacencyDisplay
from sparse_mlp.plotting.attention import AttentionDisplay
from sparse_mlp.plotting.bipartite import BipartiteDisplay
from sparse_mlp.plotting.conv_update import ConvUpdateDisplay
from sparse_mlp.plotting.degrees import DegreeDisplay
from sparse_mlp.plotting.hyperbolic import HyperbolicDisplay
from sparse_mlp.plotting.learning_curve import LearningCurveDisplay
from sparse_mlp.plotting.link_survival import LinkSurvivalDisplay
from sparse_mlp.plotting.local_community import LocalCommunityDisplay
from sparse_mlp.plotting.matrices import MatricesDisplay
from sparse_mlp.plotting.network import NetworkDisplay
from sparse_mlp.plotting.panels import LINES, PanelsDisplay, band_key, line_keys, method_looks, methods_of, with_count
from sparse_mlp.plotting.perturbation_curves import NoiseCurvesDisplay, PruningCurvesDisplay
from sparse_mlp.plotting.score_matrix import ScoreMatrixDisplay
from sparse_mlp.plotting.stamp import stamp
from sparse_mlp.plotting.strength_course import StrengthCourseDisplay
from sparse_mlp.plotting.training_course import TrainingCourseDisplay
from sparse_mlp.plotting.update_stages import UpdateStagesDisplay
from sparse_mlp.plotting.weights import WeightDistributionDisplay
from sparse_mlp.plotting.wiring_course import WiringCourseDisplay
from sparse_mlp.plotting.wiring_gallery import WiringGalleryDisplay
from sparse_mlp.plotting.wiring_panels import WiringPanelsDisplay

__all__ = [
    "CYCLE",
    "INK",
    "LINES",
    "NEGATIVE",
    "POSITIVE",
    "AdjacencyDisplay",
    "AttentionDisplay",
    "BipartiteDisplay",
    "ConvUpdateDisplay",
    "DegreeDisplay",
    "Display",
    "HyperbolicDisplay",
    "LearningCurveDisplay",
    "LinkSurvivalDisplay",
    "LocalCommunityDisplay",
    "MatricesDisplay",
    "NetworkDisplay",
    "NoiseCurvesDisplay",
    "PanelsDisplay",
    "PruningCurvesDisplay",
    "ScoreMatrixDisplay",
    "StrengthCourseDisplay",
    "TrainingCourseDisplay",
    "UpdateStagesDisplay",
    "WeightDistributionDisplay",
    "WiringCourseDisplay",
    "WiringGalleryDisplay",
    "WiringPanelsDisplay",
    "band_key",
    "grid",
    "line_keys",
    "method_looks",
    "methods_of",
    "save",
    "stamp",
    "style",
    "with_count",
]
