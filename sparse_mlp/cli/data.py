"""`sparse-mlp data`: which data sets there are, whether their files are sound, and how to get them."""

from __future__ import annotations

import argparse
import dataclasses
import json
import textwrap
from typing import TYPE_CHECKING, Any

from sparse_mlp import datasets

if TYPE_CHECKING:
    from sparse_mlp.cli.arguments import SettingsOptions


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
            what = "data set, or file of your own" if name == "check" else "data set"
            action.add_argument("names", nargs="+", metavar="NAME", help=what)
        if name == "check":
            action.settings = settings_options
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
    shapes = [" x ".join(map(str, row["shape"])) if row["classes"] else "sentence pairs" for row in rows]
    width, room = max(len(row["name"]) for row in rows), max(map(len, shapes))
    print(f"{'name':<{width}}  {'classes':>7}  {'shape':>{room}}  found")
    for row, shape in zip(rows, shapes, strict=True):
        print(f"{row['name']:<{width}}  {row['classes'] or '':>7}  {shape:>{room}}  {row['found']}")
    return 0


def settings_options() -> SettingsOptions:
    """Return the settings that `data check` has as options: how a file of your own is read."""
    from sparse_mlp.cli.arguments import SettingsOptions
    from sparse_mlp.runs.tables import FILE

    skip = [f"data.{name}" for name in ("dataset", "data_dir", "standardize", "validation_fraction")]
    return SettingsOptions(("data",), skip, {"data": {"dataset": FILE}})


def check(arguments: argparse.Namespace) -> int:
    """Run `data check`; the exit code is 1 if a file is missing or bad."""
    options = settings_options().given(arguments)["data"]
    del options["dataset"]
    usable, found = True, []
    for name in arguments.names:
        if datasets.check_name(name, options.get("format")):
            found.append(datasets.inspect_file(name, arguments.data_dir, **options))
            continue
        reports = datasets.check(name, arguments.data_dir)
        usable = usable and all(report.usable for report in reports)
        found += [dataclasses.asdict(report) for report in reports]
    print(json.dumps(found) if arguments.json else "\n".join(map(_words, found)))
    return 0 if usable else 1


def _words(found: dict[str, Any]) -> str:
    """Return the report on a file of a data set, or the summary of one of your own."""
    if "rows" not in found:
        return f"{found['status']:<10}  {found['path']}  {found['detail']}".rstrip()
    classes = ", ".join(f"{name} ({count:,})" for name, count in found["classes"].items())
    missing = ", ".join(f"{name} ({count:,})" for name, count in found["missing"].items())
    lines = [
        found["path"], f"  rows     {found['rows']:,}", f"  columns  {found['columns']:,} and the target",
        f"  text     {', '.join(found['text']) or 'none'}", f"  classes  of {found['target']}: {classes}",
        f"  missing  {missing or 'none'}",
    ]  # fmt: skip
    return "\n".join(textwrap.shorten(line, 500, placeholder=" ...") if len(line) > 500 else line for line in lines)


def fetch(arguments: argparse.Namespace) -> int:
    """Run `data fetch`."""
    paths = [str(path) for name in arguments.names for path in datasets.fetch(name, arguments.data_dir)]
    print(json.dumps(paths) if arguments.json else "\n".join(paths))
    return 0
