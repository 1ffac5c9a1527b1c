"""Training: the loop, what listens to it, what it remembers, and checkpoints."""

from __future__ import annotations

from sparse_mlp.training.augmentation import RandomFlip
from sparse_mlp.training.callback import Callback
from sparse_mlp.training.callbacks import Checkpoints, EarlyStopping, HistoryFile, Progress
from sparse_mlp.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from sparse_mlp.training.gradient_check import GradientCheck, gradient_check
from sparse_mlp.training.history import History, read_history, write_history
from sparse_mlp.training.state import TrainingState
from sparse_mlp.training.stored import features_of, last_update_of, layers_of, structures_of, taps_of
from sparse_mlp.training.task import Classification, Regression, Task
from sparse_mlp.training.trainer import Trainer
from sparse_mlp.training.translation_task import Translation

__all__ = [
    "Callback",
    "Checkpoint",
    "Checkpoints",
    "Classification",
    "EarlyStopping",
    "GradientCheck",
    "History",
    "HistoryFile",
    "Progress",
    "RandomFlip",
    "Regression",
    "Task",
    "Trainer",
    "TrainingState",
    "Translation",
    "features_of",
    "gradient_check",
    "last_update_of",
    "layers_of",
    "load_checkpoint",
    "read_history",
    "save_checkpoint",
    "structures_of",
    "taps_of",
    "write_history",
]
