"""`sparse-mlp measure`: network science of the wiring that a run has come to, or of one made for the purpose."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.cli.arguments import add_settings, given_settings
from sparse_mlp.errors import check_choice, check_integer, invalid
from sparse_mlp.runs.config import TrainConfig
from sparse_mlp.runs.settings import check_run, make_config, refuse_contradictions
from sparse_mlp.runs.wiring_options import WiringOptions, refuse_idle_spreads

if TYPE_CHECKING:
    from sparse_mlp.structure import SparseStructure

OF_LAYERS = ("second-singular-value", "ramanujan-bound")  # a network of several has none of its own
SLOW = "structural-consistency"
HELPS = {  # where those of `train` would be wrong
    "seed": "of the wiring that is made, and of the measures that are random",
    "density": "fraction of the possible links that each layer has",
    "topology": "erdos-renyi, small-world, scale-free, receptive-field, ramanujan or dendritic; of those that look at "
    "data measure a run",
}
USED = ("seed", *(setting.name for setting in fields(WiringOptions) if not setting.name.startswith("snip")))


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "measure", help="measure the wiring of a run, or of a topology",
        description=f"{__doc__} Shows the whole network as one graph, and each layer.",
    )  # fmt: skip
    parser.add_argument("folder", type=Path, nargs="?", metavar="RUN", help="folder of the run; or else --topology")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N",
                        help="with --topology: neurons from column to column, all layers sparse")  # fmt: skip
    parser.add_argument("--repeats", type=int, default=10, metavar="INT",
                        help="of the measures that are random (%(default)s)")  # fmt: skip
    parser.add_argument("--only", nargs="+", metavar="NAME", help="take these measures alone; a wrong name lists them")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    add_settings(parser, skip=set(TrainConfig.__dataclass_fields__) - set(USED), helps=HELPS)
    parser.set_defaults(run=measure)


def measure(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    given = given_settings(arguments)
    _check_together(arguments, given)
    if arguments.folder:
        check_run(arguments.folder)
    check_integer("repeats", arguments.repeats)
    config = make_config(given)
    refuse_contradictions(given)
    refuse_idle_spreads(config.topology_params())

    from sparse_mlp.cli.measure_report import measure_result, measure_table
    from sparse_mlp.measures import MEASURES

    for name in arguments.only or ():
        check_choice("only", name, MEASURES)
    structures = wirings_of(arguments.folder) if arguments.folder else _wirings(config, arguments.sizes)
    motif_size = _motif_size(arguments.folder, structures) if arguments.folder else 1
    if motif_size > 1:
        print(f"links join motifs of {motif_size} neurons: each motif counts as one neuron", file=sys.stderr)
    graphs = [structures, *([layer] for layer in structures)] if len(structures) > 1 else [structures]
    asked = [_taken(graph, arguments.only) for graph in graphs]
    if not arguments.only and any(SLOW not in names for names in asked):
        print(f"{SLOW} left out of large graphs, where it takes minutes: --only {SLOW}", file=sys.stderr)
    values = _measure(graphs, asked, arguments.repeats, config.seed)
    if arguments.json:
        about = {"run": str(arguments.folder), "motif_size": motif_size} if arguments.folder else {
            "topology": config.first_wiring, "options": config.topology_params(), **config.asked_links(),
            "allocation": config.allocation,
        }  # fmt: skip
        print(json.dumps({**about, **measure_result(structures, values), "repeats": arguments.repeats,
                          "seed": config.seed}))  # fmt: skip
        return 0
    print(measure_table(structures, values))
    return 0


def wirings_of(folder: Path) -> list[SparseStructure]:
    """Return the wiring of each sparse layer at the last checkpoint of a run, of motifs where its links join motifs.

    Raises
    ------
    CheckpointError
        If there is none.
    InvalidInputError
        If all layers are dense.
    """
    from sparse_mlp.training import load_checkpoint, structures_of

    structures = structures_of(load_checkpoint(folder))
    if not structures:
        raise invalid(f"{folder} of a network with dense layers alone", "a run with sparse layers")
    return structures


def _motif_size(folder: Path, structures: list[SparseStructure]) -> int:
    """Return for how many neurons of a run each neuron of its wiring stands."""
    from sparse_mlp.training import load_checkpoint

    neurons = load_checkpoint(folder).meta["identity"]["sizes"]
    return int(neurons[1]) // structures[0].n_out


def _wirings(config: TrainConfig, sizes: list[int]) -> list[SparseStructure]:
    """Make the wirings that `train` with the same options and seed would begin with."""
    from sparse_mlp.models.architecture import layer_links
    from sparse_mlp.rng import spawn_streams
    from sparse_mlp.topology import NEEDS_DATA, generate_network

    if config.first_wiring in NEEDS_DATA:
        found = f"topology={config.first_wiring}, which looks at data"
        raise invalid(found, "one that does not", "train a network with it for an epoch, and measure that run")
    shapes = list(pairwise(check_integer("sizes", size) for size in sizes))
    links = layer_links(shapes, allocation=config.allocation, **config.asked_links())
    stream = spawn_streams(config.seed)["topology"]
    return generate_network(config.first_wiring, sizes, links, rng=stream, **config.topology_params())


def _check_together(arguments: argparse.Namespace, given: dict[str, Any]) -> None:
    if arguments.folder is None:
        if "topology" not in given:
            raise invalid("neither RUN nor --topology", "one of the two")
        if len(arguments.sizes or ()) < 2:
            found = f"sizes={arguments.sizes}" if arguments.sizes else "no sizes"
            raise invalid(found, "two or more", "such as --sizes 98 196 196")
        return
    beside = [name for name in ("sizes", *given) if name != "seed" and (name in given or arguments.sizes)]
    if beside:
        raise invalid(f"{beside[0]} beside the run {arguments.folder}", "left out", "a run has a wiring already")


def _taken(graph: list[SparseStructure], only: list[str] | None) -> list[str]:
    """Return the measures to take of a network or a layer."""
    from sparse_mlp.measures import MEASURES
    from sparse_mlp.measures.wiring_measures import affordable

    names = [name for name in only or MEASURES if len(graph) == 1 or name not in OF_LAYERS]
    return names if only else affordable(names, _neurons(graph))


def _measure(
    graphs: list[list[SparseStructure]], names: list[list[str]], repeats: int, seed: int
) -> list[dict[str, Any]]:
    """Measure one thing after the other, and tell in a terminal which one it is."""
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
