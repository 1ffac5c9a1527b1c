"""`sparse-mlp data`: which data sets there are, whether their files are sound, and how to get them."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from sparse_mlp import datasets


def add_parser(verbs: Any) -> None:
    """Declare the verb and its three actions."""
    parser = verbs.add_parser("data", help="list, check or fetch data sets", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, run, help_text in (
        ("list", list_sets, "list all data sets and where their files are"),
        ("check", check, "verify the files of data sets"),
        ("fetch", fetch, "download the files of data sets"),
    ):
        action = actions.add_parser(name, help=help_text)
        if name != "list":
            action.add_argument("names", nargs="+", metavar="NAME", help="data set")
        kind = "folder for the data files, made if it is not there" if name == "fetch" else "existing data folder"
        action.add_argument("--data-dir", help=f"{kind} (for what it lacks: $SPARSE_MLP_DATA, the cache)")
        action.add_argument("--json", action="store_true", help="print JSON")
        action.set_defaults(run=run)


def list_sets(arguments: argparse.Namespace) -> int:
    """Run `data list`."""
    rows = datasets.describe_all(arguments.data_dir)
    if arguments.json:
        print(json.dumps(rows))
        return 0
    shapes = [" x ".join(map(str, row["shape"])) for row in rows]
    width, room = max(len(row["name"]) for row in rows), max(map(len, shapes))
    print(f"{'name':<{width}}  {'classes':>7}  {'shape':>{room}}  found")
    for row, shape in zip(rows, shapes, strict=True):
        print(f"{row['name']:<{width}}  {row['classes']:>7}  {shape:>{room}}  {row['found']}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Run `data check`; the exit code is 1 if a file is missing or bad."""
    reports = [report for name in arguments.names for report in datasets.check(name, arguments.data_dir)]
    if arguments.json:
        print(json.dumps([dataclasses.asdict(report) for report in reports]))
    else:
        for report in reports:
            print(f"{report.status:<10}  {report.path}  {report.detail}".rstrip())
    return 0 if all(report.usable for report in reports) else 1


def fetch(arguments: argparse.Namespace) -> int:
    """Run `data fetch`."""
    paths = [str(path) for name in arguments.names for path in datasets.fetch(name, arguments.data_dir)]
    print(json.dumps(paths) if arguments.json else "\n".join(paths))
    return 0
