"""Figures that hold their data first and are drawn later.

Every Display is built by a `from_...` class method, keeps what it will show in plain attributes, and draws with
`plot(ax=None, ...)`, which returns the Display with `ax_` and `figure_` set. Nothing here needs a screen, opens a
window or changes matplotlib's global settings; `save` writes the picture. Axes of your own look alike if they are made
under ``with style():``.
"""

from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._saving import save
from sparse_mlp.plotting._style import style
from sparse_mlp.plotting.accuracy_curves import AccuracyCurvesDisplay
from sparse_mlp.plotting.adjacency import AdjacencyDisplay
from sparse_mlp.plotting.beside_published import BesidePublishedDisplay
from sparse_mlp.plotting.bipartite import BipartiteDisplay
from sparse_mlp.plotting.degrees import DegreeDisplay
from sparse_mlp.plotting.features import FeatureAccuracyDisplay, StrengthCourseDisplay
from sparse_mlp.plotting.hyperbolic import HyperbolicDisplay
from sparse_mlp.plotting.learning_curve import LearningCurveDisplay
from sparse_mlp.plotting.link_ages import LinkAgesDisplay, LinkSurvivalDisplay
from sparse_mlp.plotting.local_community import LocalCommunityDisplay
from sparse_mlp.plotting.network import NetworkDisplay
from sparse_mlp.plotting.perturbation_curves import NoiseCurvesDisplay, PruningCurvesDisplay
from sparse_mlp.plotting.score_matrix import ScoreMatrixDisplay
from sparse_mlp.plotting.stamp import stamp
from sparse_mlp.plotting.trade_off import EpochSecondsDisplay, TradeOffDisplay
from sparse_mlp.plotting.trained_wiring import TrainedWiringDisplay
from sparse_mlp.plotting.update_stages import UpdateStagesDisplay
from sparse_mlp.plotting.update_time import UpdateTimeDisplay
from sparse_mlp.plotting.weight_density import WeightDensityDisplay
from sparse_mlp.plotting.weights import WeightDistributionDisplay
from sparse_mlp.plotting.wiring_course import WiringCourseDisplay
from sparse_mlp.plotting.wiring_gallery import WiringGalleryDisplay, dendritic_gallery
from sparse_mlp.plotting.wiring_panels import WiringPanelsDisplay, dendritic_figure

__all__ = [
    "AccuracyCurvesDisplay",
    "AdjacencyDisplay",
    "BesidePublishedDisplay",
    "BipartiteDisplay",
    "DegreeDisplay",
    "Display",
    "EpochSecondsDisplay",
    "FeatureAccuracyDisplay",
    "HyperbolicDisplay",
    "LearningCurveDisplay",
    "LinkAgesDisplay",
    "LinkSurvivalDisplay",
    "LocalCommunityDisplay",
    "NetworkDisplay",
    "NoiseCurvesDisplay",
    "PruningCurvesDisplay",
    "ScoreMatrixDisplay",
    "StrengthCourseDisplay",
    "TradeOffDisplay",
    "TrainedWiringDisplay",
    "UpdateStagesDisplay",
    "UpdateTimeDisplay",
    "WeightDensityDisplay",
    "WeightDistributionDisplay",
    "WiringCourseDisplay",
    "WiringGalleryDisplay",
    "WiringPanelsDisplay",
    "dendritic_figure",
    "dendritic_gallery",
    "save",
    "stamp",
    "style",
]
