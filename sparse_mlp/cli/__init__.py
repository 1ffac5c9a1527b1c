"""The command line: sparse-mlp VERB."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from sparse_mlp import __version__
from sparse_mlp.cli import (
    campaign,
    data,
    doctor,
    evaluate,
    features,
    measure,
    reproduce,
    resume,
    robustness,
    search,
    train,
    translate,
)
from sparse_mlp.cli.process import os_error_text, prepare, signals_like_ctrl_c
from sparse_mlp.errors import InvalidInputError, SparseMLPError, nearest

if TYPE_CHECKING:
    from sparse_mlp.cli.arguments import SettingsOptions

INTERRUPTED = 130  # what a verb returns that was interrupted and has said so


class _Parser(argparse.ArgumentParser):
    """Take options by their whole names; say in one line what is wrong, and keep their list for those who ask.

    Attributes
    ----------
    settings : callable () -> SettingsOptions, or None
        Options to be added once the words behind a verb are known: they depend on what the words choose.
    """

    settings: Callable[[], SettingsOptions] | None = None

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)  # the parsers of the verbs are made by this class as well

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and refuse words that are unknown; the nearest option is named."""
        if self.settings is not None:
            (settings, self.settings), words = (self.settings, None), list(args)
            settings().add_to(self, words)
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            near = nearest(unknown[0], self._option_string_actions)
            self.error(f"unrecognized arguments: {' '.join(unknown)}" + (f"; did you mean {near}?" if near else ""))
        return found, unknown

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    `arguments` are the words after the command's name, by default those of the process. Returns 0 if all is well, 2 for
    an input that cannot be used, 1 for what went wrong later, 128 + the number of the signal that interrupted it: 130
    for Ctrl-C.
    """
    parser = _Parser(
        prog="sparse-mlp", description="Train truly sparse neural networks, to understand, teach and check."
    )
    parser.add_argument("--version", action="version", version=f"sparse_mlp {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for verb in (
        train, evaluate, translate, features, robustness, resume, campaign, reproduce, search, measure, data, doctor,
    ):  # fmt: skip
        verb.add_parser(verbs)
    words, parsed = list(sys.argv[1:] if arguments is None else arguments), argparse.Namespace()
    name = f"sparse-mlp {next((word for word in words if word in verbs.choices), '')}".rstrip()
    prepare()
    with signals_like_ctrl_c() as ending:
        try:
            parsed = parser.parse_args(words)
            if parsed.verb is None:
                parser.print_help(sys.stderr)
                return 2
            _check_data_dir(parsed)
            with _plain_warnings(name):
                code = int(parsed.run(parsed))
            sys.stdout.flush()  # while a reader that left can still be told from a fault
            return ending.code if code == INTERRUPTED else code
        except SparseMLPError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 2 if isinstance(error, InvalidInputError) else 1
        except KeyboardInterrupt:
            print(f"{name}: interrupted{getattr(parsed, 'if_interrupted', '')}", file=sys.stderr)
            return ending.code
        except BrokenPipeError:  # the reader of our output left; say nothing more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except OSError as error:  # a full disk, a folder that may not be written
            print(f"{name}: {os_error_text(error)}", file=sys.stderr)
            return 1
        except MemoryError as error:
            what = f" ({error})" if str(error) else ""
            print(f"{name}: not enough memory{what}; fewer neurons or a smaller batch need less", file=sys.stderr)
            return 1


@contextmanager
def _plain_warnings(name: str) -> Iterator[None]:
    """Let a warning be a line like those of errors, without the place in the code that it comes from."""
    usual = warnings.formatwarning
    warnings.formatwarning = partial(_one_line, name)
    try:
        yield
    finally:
        warnings.formatwarning = usual


def _one_line(name: str, message: Warning | str, *place: Any) -> str:
    return f"{name}: warning: {message}\n"


def _check_data_dir(parsed: argparse.Namespace) -> None:
    """Refuse a named data folder that does not exist; only `data fetch` makes one."""
    named = getattr(parsed, "data_dir", getattr(parsed, "settings.data_dir", None))
    if named is None or getattr(parsed, "action", None) == "fetch":
        return
    from sparse_mlp.datasets.locate import check_data_dir
    from sparse_mlp.errors import DataFileError

    try:
        check_data_dir(named)
    except DataFileError as error:  # deeper inside it may be the folder that a run remembers; here somebody typed it
        raise InvalidInputError(str(error)) from None


__all__ = ["main"]
