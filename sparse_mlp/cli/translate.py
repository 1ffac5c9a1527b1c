"""`sparse-mlp translate`: translate sentences by the network of a run."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from sparse_mlp.cli.of_run import add_run_options
from sparse_mlp.errors import DataFileError, InvalidInputError, describe, invalid


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("translate", help="translate sentences by the network of a run", description=__doc__)
    add_run_options(parser, threads=True)
    parser.add_argument("--text", metavar="FILE", help="sentences, one on each line; - reads standard input [-]")
    parser.add_argument("--split", metavar="NAME", help="instead: a part of the data set, train, validation or test")
    parser.add_argument("--limit", type=int, metavar="INT", help="only so many sentences of it, from the first on")
    parser.add_argument("--beam", type=int, metavar="INT", default=2, help="beginnings that are kept [2]")
    parser.add_argument("--alpha", type=float, metavar="FLOAT", default=1.0, help="strength of the length penalty [1]")
    parser.add_argument("--max-length", type=int, metavar="INT", help="most words of a translation [source + 50]")
    parser.add_argument("--keep-unknown", action="store_true",
                        help="leave <unk>, instead of the source word that attention reads most")  # fmt: skip
    parser.set_defaults(run=translate)


def translate(arguments: argparse.Namespace) -> int:
    """Run the verb; translations of lines go to standard output, one on each line."""
    from sparse_mlp.kernels.pool import set_threads
    from sparse_mlp.runs.saved import load_run
    from sparse_mlp.translation import translate as translated

    if arguments.text is not None and arguments.split is not None:
        raise invalid(f"text={arguments.text} and split={arguments.split}", "only one of the two")
    set_threads(arguments.threads)
    run = load_run(arguments.folder, arguments.data_dir)
    sentences, references = _sentences(arguments, run)
    found = translated(
        run.translator, run.vocabularies, sentences, beam=arguments.beam, alpha=arguments.alpha,
        max_length=arguments.max_length, replace_unknown=not arguments.keep_unknown,
    )  # fmt: skip
    if arguments.json:
        named = {"source": sentences, "translation": found} | ({"reference": references} if references else {})
        pairs = [dict(zip(named, each, strict=True)) for each in zip(*named.values(), strict=True)]
        print(json.dumps({"beam": arguments.beam, "alpha": arguments.alpha, "sentences": pairs}, ensure_ascii=False))
    else:
        print("\n".join(found))
    return 0


def _sentences(arguments: argparse.Namespace, run: Any) -> tuple[list[str], list[str]]:
    """Return the sentences to translate, and their references where there are some."""
    from sparse_mlp.errors import check_choice, check_integer

    data = run.sentences  # refuses a run that does not translate
    limit = None if arguments.limit is None else check_integer("limit", arguments.limit)
    if arguments.split is not None:
        part = getattr(data, check_choice("split", arguments.split, ("train", "validation", "test")))
        return list(part.source[:limit]), list(part.reference[:limit])
    content = _bytes(arguments.text or "-")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte {content[error.start]:#04x} at position {error.start} of the text"
        raise InvalidInputError(describe(found, "UTF-8", "convert the file first")) from None
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []
    return lines[:limit], []


def _bytes(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise DataFileError(describe(f"{name}, which cannot be read ({error.strerror or error})", "a file")) from None
