"""What all scripts of this folder do: fetch a data set, verify its files, print what it holds."""

import argparse
import sys

from sparse_mlp import datasets
from sparse_mlp.errors import SparseMLPError


def main(name: str, description: str | None) -> None:
    """Run the script of the data set `name`; the description is what `--help` says."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data-dir", help="folder to look in first and to download into")
    data_dir = parser.parse_args().data_dir
    try:
        datasets.fetch(name, data_dir)
        for report in datasets.check(name, data_dir):
            print(f"{report.status:<11}{report.path}: {report.detail}")
        print(datasets.summary(datasets.load(name, data_dir, download=False)))
    except SparseMLPError as error:
        sys.exit(f"error: {error}")
