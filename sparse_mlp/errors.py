"""Errors that say what was found, what was wanted, and what to do.

Every message of the library is built here, so that all of them read alike:
``found density=1.2; expected in (0, 1]; did you pass a percentage?``
"""

from __future__ import annotations

import difflib
import inspect
import math
import numbers
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any

LONGEST = 80  # characters of a value in a message


class SparseMLPError(Exception):
    """The base class of all errors that the library raises on purpose."""


class InvalidInputError(SparseMLPError, ValueError):
    """Report an argument, option or array that cannot be used."""


class StructureError(InvalidInputError):
    """Report links that do not form a valid wiring."""


class DataFileError(SparseMLPError):
    """Report a data file that is missing, damaged or of another kind."""


class CheckpointError(SparseMLPError):
    """Report a checkpoint that is missing, damaged or of another run."""


class DivergenceError(SparseMLPError, ArithmeticError):
    """Report a loss that became infinite or not a number."""


def describe(found: str, wanted: str, remedy: str = "") -> str:
    """Join the three parts of a message: found → wanted → remedy."""
    parts = [f"found {found}", f"expected {wanted}"]
    if remedy:
        parts.append(remedy)
    return "; ".join(parts)


def invalid(found: str, wanted: str, remedy: str = "") -> InvalidInputError:
    """Build an `InvalidInputError` from the three parts of its message."""
    return InvalidInputError(describe(found, wanted, remedy))


def shown(value: Any) -> str:
    """Return a value for a message, the middle of a long one left out.

    Examples
    --------
    >>> shown("a"), len(shown([0] * 1000)), shown(10**5000)
    ("'a'", 81, 'a number of 16610 bits')
    """
    try:
        text = repr(value)
    except ValueError:  # Python writes out no whole number of more than 4300 digits
        return f"a number of {value.bit_length()} bits" if isinstance(value, int) else f"a {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"


def command(*words: object) -> str:
    """Return a command as one line that can be pasted into a shell.

    Examples
    --------
    >>> command("resume", "my runs/a")
    "sparse-mlp resume 'my runs/a'"
    """
    return shlex.join(["sparse-mlp", *map(str, words)])


def check_fraction(name: str, value: Any, *, zero: bool = False, one: bool = True) -> float:
    """Return `value` as a float between 0 and 1, or raise an error that says why not.

    Parameters
    ----------
    name : str
        The name of the value in messages.
    value : float
        The value to check.
    zero, one : bool
        Whether the borders 0 and 1 themselves are allowed.

    Raises
    ------
    InvalidInputError
        If `value` is not a real number in the interval.
    """
    interval = f"a number in {'[' if zero else '('}0, 1{']' if one else ')'}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not _is_finite(value):
        raise invalid(f"{name}={shown(value)}", interval)
    number = float(value)
    inside = (number > 0 or (zero and number == 0)) and (number < 1 or (one and number == 1))
    if not inside:
        raise invalid(f"{name}={shown(value)}", interval, "did you pass a percentage?" if 1 < number <= 100 else "")
    return number


def check_integer(name: str, value: Any, *, minimum: int = 1) -> int:
    """Return `value` as an int that is at least `minimum`, or raise an error that says why not."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
        raise invalid(f"{name}={shown(value)}", f"a whole number, {minimum} or more")
    return int(value)


def check_number(name: str, value: Any, *, minimum: float = 0.0, strict: bool = False) -> float:
    """Return `value` as a finite float of at least (`strict`: above) `minimum`, or raise an error that says why not."""
    wanted = f"a finite number {'above' if strict else 'of at least'} {minimum:g}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not _is_finite(value):
        raise invalid(f"{name}={shown(value)}", wanted)
    number = float(value)
    if number < minimum or (strict and number == minimum):
        raise invalid(f"{name}={shown(value)}", wanted)
    return number


def check_dense(name: str, x: Any) -> Any:
    """Return `x` as it is, or refuse a sparse array where all of it is needed, and say how many bytes it has dense."""
    if not hasattr(x, "toarray"):
        return x
    size = math.prod(x.shape) * x.dtype.itemsize
    raise invalid(f"sparse {name}", "a dense array", f"use .toarray(), which takes {size:,} bytes")


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`, or name the nearest of them."""
    known = list(choices)
    if value not in known:
        raise _none_of(f"{name}={shown(value)}", value, known)
    return str(value)


def check_options(what: str, function: Callable[..., Any], given: Mapping[str, Any], skip: Iterable[str] = ()) -> None:
    """Check the names of options that are meant for a function.

    Parameters
    ----------
    what : str
        What the options are of, as the user knows it: "rule set".
    function : callable
        Its parameters are the options; one that takes `**options` takes any.
    given : mapping
        Options by name; their values are the function's to check.
    skip : iterable of str
        Parameters that are always given and therefore not options.

    Raises
    ------
    InvalidInputError
        If the function has no such option; the nearest one is named.
    """
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    skipped = set(skip)
    known = [parameter.name for parameter in parameters if parameter.name not in skipped]
    for option in given:
        if not known:
            raise invalid(f"option {option!r} of {what}", "no option", f"{what} takes none")
        if option not in known:
            raise _none_of(f"option {option!r} of {what}", option, known)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


def _none_of(found: str, value: Any, known: list[str]) -> InvalidInputError:
    near = nearest(str(value), known)
    return invalid(found, "one of " + ", ".join(known), f"did you mean {near!r}?" if near else "")


def nearest(value: str, known: Iterable[str]) -> str:
    """Return the known name that somebody may have meant, without regard to case; empty if there is none.

    Another number is not a slip (`figure-9` for `figure-7`), and neither is another beginning (`gelu` for `relu`).

    Examples
    --------
    >>> nearest("SET", ["set", "static"]), nearest("statik", ["set", "static"]), nearest("gelu", ["relu"])
    ('set', 'static', '')
    """
    wanted = value.lower()
    names = {name.lower(): name for name in known}
    for near in difflib.get_close_matches(wanted, names, n=3):
        same_start = near[:1] == wanted[:1] or wanted in near or sorted(near) == sorted(wanted)
        if near == wanted or (same_start and _letters(near) != _letters(wanted)):
            return names[near]
    return ""


def _letters(name: str) -> str:
    return "".join(letter for letter in name if not letter.isdigit())
