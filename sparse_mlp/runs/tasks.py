"""What a run trains, and what it is evaluated on: tasks made of a data set and the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sparse_mlp import datasets
from sparse_mlp.datasets import Dataset
from sparse_mlp.errors import invalid
from sparse_mlp.layers import SoftmaxCrossEntropy
from sparse_mlp.rng import spawn_streams
from sparse_mlp.runs.models import Fitting
from sparse_mlp.training import Classification, RandomFlip, Task, Translation

if TYPE_CHECKING:
    from sparse_mlp.datasets import TranslationSet
    from sparse_mlp.runs.config import RunConfig


class Tasks(NamedTuple):
    """Hold the three tasks of a run.

    Attributes
    ----------
    train : Task
    validation : Task or None
        What may be decided on.
    test : Task
        What nothing is decided on.
    fitting : Fitting
        What a network has to fit.
    origin : dict
        What a checkpoint must know of the data beyond the settings, as plain JSON types.
    """

    train: Task
    validation: Task | None
    test: Task
    fitting: Fitting
    origin: dict[str, Any]


def tasks_of(data: Dataset | TranslationSet, config: RunConfig, loss: SoftmaxCrossEntropy) -> Tasks:
    """Return the tasks of a data set by the settings.

    Raises
    ------
    InvalidInputError
        If the settings do not fit the data.
    """
    return _classes(data, config, loss) if isinstance(data, Dataset) else _translations(data, config, loss)


def _classes(data: Dataset, config: RunConfig, loss: SoftmaxCrossEntropy) -> Tasks:
    training, fraction = config.training, config.data["validation_fraction"]
    flip = None
    if training["flip"]:
        if data.image_shape is None:
            raise invalid(f"flip={training['flip']} for {data.name}", "images", "a table has no left and right")
        flip = RandomFlip(data.image_shape, training["flip"])
    train, validation = (data.train_x, data.train_y), None
    if fraction:
        stream = spawn_streams(config.run["seed"])["split"]
        train, validation = datasets.set_aside(*train, fraction, stream)
    options: dict[str, Any] = {"batch_size": training["batch_size"], "loss": loss}
    return Tasks(
        Classification(*train, augmentation=flip, **options),
        None if validation is None else Classification(*validation, **options),
        Classification(data.test_x, data.test_y, **options),
        Fitting(train[0].shape[1], data.n_classes, train, data.image_shape),
        {},
    )


def _translations(data: TranslationSet, config: RunConfig, loss: SoftmaxCrossEntropy) -> Tasks:
    options: dict[str, Any] = {"batch_tokens": config.data["batch_tokens"], "loss": loss}
    train, validation, test = (
        cast(Task, Translation(part.pairs, **options)) for part in (data.train, data.validation, data.test)
    )
    sizes = len(data.source_vocabulary), len(data.target_vocabulary)
    fitting = Fitting(*sizes, kind="pairs of sentences")
    return Tasks(train, validation, test, fitting, {"sentences": data.fingerprint})
