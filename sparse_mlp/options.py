"""Options written once: read from the signature and the numpydoc of the function that takes them, or passed on to it.

The command line, TOML files, recipes and estimators derive their options, defaults and help texts from here.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sparse_mlp.errors import invalid

F = TypeVar("F", bound=Callable[..., Any])

SECTIONS = ("Parameters", "Attributes")  # dataclasses document their parameters as attributes


@dataclass(frozen=True)
class Option:
    """Describe one option of a function.

    Attributes
    ----------
    default, annotation
        As in the signature; the annotation is a string such as "float | None", empty if not given.
    choices : tuple of str
        From a type such as {"hard", "soft"} in the docstring; empty if anything goes.
    help : str
        The description in the docstring, on one line.
    """

    name: str
    default: Any = None
    annotation: str = ""
    choices: tuple[str, ...] = ()
    help: str = ""

    @property
    def summary(self) -> str:
        """The first sentence of the help text, without its full stop."""
        return re.split(r"\.(?:\s|$)", self.help, maxsplit=1)[0]


class Entry(NamedTuple):
    """Hold one entry of a "Parameters" section: `names : kind`, and the indented lines that describe them."""

    names: tuple[str, ...]
    kind: str
    lines: tuple[str, ...]


def options_of(function: Callable[..., Any], skip: Iterable[str] = ()) -> dict[str, Option]:
    """Return the options of a function or class: its parameters with a default, in the order of the signature.

    Parameters
    ----------
    function : callable
    skip : iterable of str
        Parameters that are not options, because the program sets them.

    Examples
    --------
    >>> def wire(n_in, *, beta: float = 0.25, side: str = "output"):
    ...     '''Wire a layer.
    ...
    ...     Parameters
    ...     ----------
    ...     beta : float
    ...         Fraction of random links. Zero keeps the lattice.
    ...     side : {"output", "input"}
    ...         Whose degrees are equal.
    ...     '''
    >>> options_of(wire)["beta"].default, options_of(wire)["beta"].summary
    (0.25, 'Fraction of random links')
    >>> options_of(wire)["side"].choices
    ('output', 'input')
    """
    documented = {name: entry for entry in _documented(function) for name in entry.names}
    skipped, options = set(skip), {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in skipped or parameter.default is parameter.empty:
            continue
        entry = documented.get(name, Entry((name,), "", ()))
        text = " ".join(map(str.strip, entry.lines)).strip()
        options[name] = Option(name, parameter.default, _annotation(parameter), _choices(entry.kind), text)
    return options


def pick(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the options that a function takes."""
    taken = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in taken}


def extends(base: Callable[..., Any], *without: str, **defaults: Any) -> Callable[[F], F]:
    """Make a decorator that gives a function the options of another one, with their documentation.

    The decorated function takes them as `**shared`, always complete, and hands them on. Where it has a parameter of the
    same name, its own one counts; where it only documents one, its own text does. Decorators may be stacked, and `base`
    may be extended itself.

    Parameters
    ----------
    base : callable
        A function or class; its parameters that have a default are the shared options.
    *without : str
        Options of `base` that are left out, because the function sets them itself.
    **defaults
        Other defaults than those of `base`.

    Raises
    ------
    InvalidInputError
        While decorating, if `base` has no such option.

    Examples
    --------
    >>> def remove_and_regrow(*, zeta=0.3, percolate=False): ...
    >>> @extends(remove_and_regrow, zeta=0.2)
    ... def my_rule(*, depth=2, **shared): return depth, shared
    >>> inspect.signature(my_rule)
    <Signature (*, depth=2, zeta=0.2, percolate=False)>
    >>> my_rule(percolate=True)
    (2, {'zeta': 0.2, 'percolate': True})
    """
    parameters = inspect.signature(base).parameters
    for name in (*without, *defaults):
        if name not in parameters or parameters[name].default is inspect.Parameter.empty:
            raise invalid(f"option {name!r} to change", f"an option of {base.__name__}", ", ".join(options_of(base)))

    def decorate(function: F) -> F:
        own = inspect.signature(function).parameters
        inherited = [
            parameter.replace(kind=parameter.KEYWORD_ONLY, default=defaults.get(name, parameter.default))
            for name, parameter in parameters.items()
            if name not in own and name not in without and parameter.default is not parameter.empty
        ]
        shared = {parameter.name: parameter.default for parameter in inherited} | getattr(function, "_shared", {})
        inner: Callable[..., Any] = getattr(function, "_extended", function)
        merged = [parameter for parameter in own.values() if parameter.kind is not parameter.VAR_KEYWORD] + inherited
        known = {parameter.name for parameter in merged}

        @functools.wraps(inner)
        def extended(*positional: Any, **given: Any) -> Any:
            for name in given:
                if name not in known:
                    raise TypeError(f"{inner.__name__}() got an unexpected keyword argument {name!r}")
            return inner(*positional, **{**shared, **given})

        extended.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            merged, return_annotation=inspect.signature(function).return_annotation
        )
        extended.__doc__ = _merged_doc(function, known, base)
        extended._shared, extended._extended = shared, inner  # type: ignore[attr-defined]
        return extended  # type: ignore[return-value]

    return decorate


def _annotation(parameter: inspect.Parameter) -> str:
    found = parameter.annotation
    if found is parameter.empty:
        return ""
    return found if isinstance(found, str) else inspect.formatannotation(found)


def _choices(kind: str) -> tuple[str, ...]:
    listed = re.search(r"\{(.*)\}", kind)
    return tuple(re.findall(r"[\"']([^\"']*)[\"']", listed[1])) if listed else ()


def _documented(function: Callable[..., Any]) -> list[Entry]:
    """Return the documented parameters of a function, or of a class or its `__init__`."""
    sources = (function, function.__init__) if inspect.isclass(function) else (function,)
    return [entry for source in sources for entry in _entries(inspect.getdoc(source) or "")]


def _entries(doc: str) -> list[Entry]:
    lines = doc.splitlines()
    first, last = _section(lines)
    entries: list[Entry] = []
    for line in lines[first:last]:
        if line and not line[0].isspace():
            names, _, kind = line.partition(":")
            entries.append(Entry(tuple(name.strip() for name in names.split(",")), kind.strip(), ()))
        elif entries:
            entries[-1] = entries[-1]._replace(lines=(*entries[-1].lines, line))
    return entries


def _section(lines: list[str]) -> tuple[int, int]:
    """Return the bounds of the lines that document parameters; where they would begin, if there are none."""
    heads = [k for k in range(len(lines) - 1) if lines[k] and re.fullmatch(r"-{3,}", lines[k + 1])]
    for k, head in enumerate(heads):
        if lines[head] in SECTIONS:
            return head + 2, heads[k + 1] if k + 1 < len(heads) else len(lines)
    begin = heads[0] if heads else len(lines)
    return begin, begin


def _merged_doc(function: Callable[..., Any], options: set[str], base: Callable[..., Any]) -> str:
    """Return the docstring of a function with the base's entries of the options that it does not document itself."""
    lines = (inspect.getdoc(function) or "").splitlines()
    known = {name for entry in _entries("\n".join(lines)) for name in entry.names}
    added: list[str] = []
    for entry in _documented(base):
        if names := [name for name in entry.names if name in options - known]:
            added += [f"{', '.join(names)} : {entry.kind}" if entry.kind else ", ".join(names), *_stripped(entry.lines)]
    first, last = _section(lines)
    if first == last and added:
        added = ["Parameters", "----------", *added]
    before = _stripped(tuple(lines[:last]))
    gap = [""] if first == last and added else []
    return "\n".join([*before, *gap, *added, "", *lines[last:]]).strip()


def _stripped(lines: tuple[str, ...]) -> list[str]:
    """Return the lines without empty ones at the end."""
    kept = list(lines)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
