"""The handwritten digits that come with scikit-learn: real, small, no download."""

from __future__ import annotations

import numpy as np

from sparse_mlp.datasets.dataset import Dataset

TEST_SHARE = 0.2
SPLIT_SEED = 0
GREY_LEVELS = 16
LICENCE = "CC BY 4.0 (UCI Machine Learning Repository)"
CITATION = "Alpaydin, Kaynak, Optical recognition of handwritten digits, UCI Machine Learning Repository, 1998"


def load_digits() -> Dataset:
    """Load the 8 × 8 digits: 1,437 to train and 360 to test, always in the same stratified split.

    Returns
    -------
    Dataset
        64 features, pixels divided by 16, 10 classes.

    Examples
    --------
    >>> load_digits()
    Dataset('digits', 1,437 train, 360 test, 64 features, 10 classes)
    """
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    pixels, labels = datasets.load_digits(return_X_y=True)
    x = (pixels / GREY_LEVELS).astype(np.float32)
    y = labels.astype(np.int64)
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=TEST_SHARE, stratify=y, random_state=SPLIT_SEED)
    return Dataset(
        name="digits",
        train_x=train_x,
        train_y=train_y,
        test_x=test_x,
        test_y=test_y,
        n_classes=10,
        image_shape=(8, 8),
        class_names=tuple("0123456789"),
        provenance=f"scikit-learn load_digits, stratified 80/20 split; {CITATION}; {LICENCE}",
    )
