"""`sparse-mlp measure`: network science of the wiring of a run, or of one made for the purpose."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import check_choice, check_integer, invalid

if TYPE_CHECKING:
    from sparse_mlp.cli.arguments import SettingsOptions
    from sparse_mlp.runs.config import RunConfig
    from sparse_mlp.structure import SparseStructure

OF_LAYERS = ("second-singular-value", "ramanujan-bound")  # a network of several layers has none
SLOW = "structural-consistency"
HELPS = {  # where those of `train` would be wrong
    "run.seed": "seed of the wiring that is made, and of the measures that are random",
    "wiring.density": "fraction of the possible links that the layers have",
    "wiring.topology": "kind of wiring; those that look at data measure a run",
}


def add_parser(verbs: Any) -> None:
    """Declare the verb; its settings are added when it is called."""
    parser = verbs.add_parser(
        "measure", help="measure the wiring of a run, or of a topology",
        usage="sparse-mlp measure RUN | --topology NAME --sizes N N ... [options]",
        description=f"{__doc__} Shows the whole network as one graph, and each layer.",
    )  # fmt: skip
    parser.add_argument("folder", type=Path, nargs="?", metavar="RUN", help="folder of the run; or else --topology")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N",
                        help="with --topology: neurons from column to column, all layers sparse")  # fmt: skip
    parser.add_argument("--repeats", type=int, default=10, metavar="INT",
                        help="repeats of the measures that are random (%(default)s)")  # fmt: skip
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these measures; a wrong name lists them")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.settings = settings_options
    parser.set_defaults(run=measure)


def settings_options() -> SettingsOptions:
    """Return the settings that the verb has as options: the wiring and the seed."""
    from sparse_mlp.cli.arguments import SettingsOptions
    from sparse_mlp.runs.tables import TABLES

    skip = {f"run.{name}" for name in TABLES["run"].options if name != "seed"}
    return SettingsOptions(tables=("wiring", "run"), skip=skip, helps=HELPS)


def measure(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    from sparse_mlp.runs.config import make_config, refuse_unused
    from sparse_mlp.runs.files import check_run

    given = settings_options().given(arguments)
    _check_together(arguments, given.get("wiring", {}))
    if arguments.folder:
        check_run(arguments.folder)
    check_integer("repeats", arguments.repeats)
    config = make_config(given)
    refuse_unused(given, config)

    from sparse_mlp.cli.measure_report import measure_result, measure_table
    from sparse_mlp.measures import MEASURES

    for name in arguments.only or ():
        check_choice("only", name, MEASURES)
    structures = wirings_of(arguments.folder) if arguments.folder else _wirings(config, arguments.sizes)
    chain, size = _units(arguments.folder, structures) if arguments.folder else (structures, 1)
    if size > 1:
        print(f"a link joins groups of {size} neurons: each group counts as one neuron", file=sys.stderr)
    graphs = [chain, *([layer] for layer in structures)] if len(structures) > 1 else [structures]
    asked = [_taken(graph, arguments.only) for graph in graphs]
    if not arguments.only and any(SLOW not in names for names in asked):
        print(f"{SLOW} left out of large graphs, where it takes minutes: --only {SLOW}", file=sys.stderr)
    values = _measure(graphs, asked, arguments.repeats, config.run["seed"])
    if not arguments.json:
        print(measure_table(structures, values))
        return 0
    about = {"run": str(arguments.folder), "link_size": size} if arguments.folder else _about(config)
    measured = measure_result(structures, values, chain)
    found = {**about, **measured, "repeats": arguments.repeats, "seed": config.run["seed"]}
    print(json.dumps(found))
    return 0


def _about(config: RunConfig) -> dict[str, Any]:
    from sparse_mlp.runs.build import wiring_options

    options = wiring_options(config.wiring)
    return {"topology": options["topology"], "options": options.pop("topology_params"), **options}


def wirings_of(folder: Path) -> list[SparseStructure]:
    """Return the wiring of each sparse layer at the last checkpoint of a run, which must have a sparse layer."""
    from sparse_mlp.training import load_checkpoint, structures_of

    structures = structures_of(load_checkpoint(folder))
    if not structures:
        raise invalid(f"{folder}, a network of dense layers", "a run with sparse layers")
    return structures


def _units(folder: Path, structures: list[SparseStructure]) -> tuple[list[SparseStructure], int]:
    """Return the wirings as each feeds the next, and how many neurons of the run each of their neurons stands for.

    Those of convolutions are between channels.
    """
    from sparse_mlp.measures import group_rows
    from sparse_mlp.training import features_of, load_checkpoint, taps_of

    checkpoint = load_checkpoint(folder)
    taps = taps_of(checkpoint)
    if max(taps) > 1:
        print("network: channels, linked where any tap is; layers: taps and channels", file=sys.stderr)
        return [group_rows(each, size)[0] for each, size in zip(structures, taps, strict=True)], 1
    return structures, -(-features_of(checkpoint) // structures[0].n_in)  # rounded up: features may have been added


def _wirings(config: RunConfig, sizes: list[int]) -> list[SparseStructure]:
    """Make the wirings that `train` with the same options and seed would begin with."""
    from sparse_mlp.models import SparseMLP
    from sparse_mlp.runs.build import needs_data, wiring_options

    options = wiring_options(config.wiring)
    if needs_data(options["topology"]):
        found = f"topology={options['topology']}, which looks at data"
        raise invalid(found, "one that does not", "train a network with it for an epoch, and measure that run")
    for size in sizes:
        check_integer("sizes", size)
    network = SparseMLP(sizes, dense_readout=False, rng=config.run["seed"], **options)
    return [layer.structure for layer in network.sparse_layers]


def _check_together(arguments: argparse.Namespace, wiring: dict[str, Any]) -> None:
    if arguments.folder is None:
        if "topology" not in wiring:
            raise invalid("neither RUN nor --topology", "one of the two")
        if len(arguments.sizes or ()) < 2:
            found = f"sizes={arguments.sizes}" if arguments.sizes else "no sizes"
            raise invalid(found, "two or more", "such as --sizes 98 196 196")
        return
    unused = [*(["sizes"] if arguments.sizes else []), *wiring]
    if unused:
        raise invalid(f"{unused[0]} with the run {arguments.folder}", "one of the two", "a run has a wiring already")


def _taken(graph: list[SparseStructure], only: list[str] | None) -> list[str]:
    """Return the measures to take of a network or a layer."""
    from sparse_mlp.measures import MEASURES
    from sparse_mlp.measures.wiring_measures import affordable

    names = [name for name in only or MEASURES if len(graph) == 1 or name not in OF_LAYERS]
    return names if only else affordable(names, _neurons(graph))


def _measure(
    graphs: list[list[SparseStructure]], names: list[list[str]], repeats: int, seed: int
) -> list[dict[str, Any]]:
    """Measure one thing after the other, and say in a terminal which one it is."""
    from tqdm import tqdm

    from sparse_mlp.measures import measure_wiring

    found: list[dict[str, Any]] = [{} for _ in graphs]
    total = sum(map(len, names))
    with tqdm(total=total, disable=not sys.stderr.isatty(), leave=False, dynamic_ncols=True) as bar:
        for values, graph, wanted in zip(found, graphs, names, strict=True):
            for name in wanted:
                bar.set_description(f"{name} of {_neurons(graph):,} neurons")
                values.update(measure_wiring(graph, repeats=repeats, rng=seed, names=[name]))
                bar.update()
    return found


def _neurons(graph: list[SparseStructure]) -> int:
    return graph[0].n_in + sum(structure.n_out for structure in graph)
