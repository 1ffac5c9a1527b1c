"""Training: the loop, what listens to it, what it remembers, and checkpoints."""

from __future__ import annotations

from sparse_mlp.training.callbacks import Callback, Checkpoints, EarlyStopping, HistoryFile, Progress
from sparse_mlp.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from sparse_mlp.training.evaluate import Evaluation, evaluate
from sparse_mlp.training.gradient_check import GradientCheck, gradient_check
from sparse_mlp.training.history import History, read_history, write_history
from sparse_mlp.training.state import last_update_of, layers_of, structures_of
from sparse_mlp.training.trainer import Trainer

__all__ = [
    "Callback",
    "Checkpoint",
    "Checkpoints",
    "EarlyStopping",
    "Evaluation",
    "GradientCheck",
    "History",
    "HistoryFile",
    "Progress",
    "Trainer",
    "evaluate",
    "gradient_check",
    "last_update_of",
    "layers_of",
    "load_checkpoint",
    "read_history",
    "save_checkpoint",
    "structures_of",
    "write_history",
]
