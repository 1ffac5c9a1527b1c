"""Which absent links deserve to exist: scores from paths of length three, and the links that they choose."""

from __future__ import annotations

from sparse_mlp.link_prediction.choose_links import choose_links
from sparse_mlp.link_prediction.conv_scores import (
    CONV_PREDICTORS,
    GRAPHS,
    conv_sample_links,
    conv_score_matrix,
    conv_top_links,
)
from sparse_mlp.link_prediction.predictors import PREDICTORS, score_matrix
from sparse_mlp.link_prediction.sample_links import sample_links
from sparse_mlp.link_prediction.top_links import TIES, top_links

__all__ = [
    "CONV_PREDICTORS",
    "GRAPHS",
    "PREDICTORS",
    "TIES",
    "choose_links",
    "conv_sample_links",
    "conv_score_matrix",
    "conv_top_links",
    "sample_links",
    "score_matrix",
    "top_links",
]
