#!/usr/bin/env python
"""Fetch and verify EMNIST Letters (one archive of 562 MB with all EMNIST sets), then print what it holds."""

import argparse
import sys

from sparse_mlp import datasets
from sparse_mlp.errors import SparseMLPError

NAME = "emnist-letters"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", help="folder to look in first and to download into")
    data_dir = parser.parse_args().data_dir
    try:
        datasets.fetch(NAME, data_dir)
        for report in datasets.check(NAME, data_dir):
            print(f"{report.status:<11}{report.path}: {report.detail}")
        print(datasets.summary(datasets.load(NAME, data_dir, download=False)))
    except SparseMLPError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
