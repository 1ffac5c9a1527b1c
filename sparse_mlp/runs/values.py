"""Values of options: what types an annotation allows, from text on the command line or from TOML and JSON."""

from __future__ import annotations

import re
from typing import Any

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.options import Option

WORDS = {
    bool: "true or false", int: "a whole number", float: "a number", str: "text",
    list[int]: "a list of whole numbers", list[float]: "a list of numbers", list[str]: "a list of texts",
}  # fmt: skip
PLAIN = {kind.__name__ if kind in (bool, int, float, str) else str(kind): kind for kind in WORDS}


def kinds_of(option: Option) -> list[Any]:
    """Return the types that an option allows, of those that text can hold; none if it cannot be given as text.

    Examples
    --------
    >>> kinds_of(Option("beta", 0.25, "float | None")), kinds_of(Option("sizes", (3,), "Sequence[int]"))
    ([<class 'float'>], [list[int]])
    """
    text = re.sub(r"(?:Sequence|tuple|Iterable)\[(\w+)(?:, \.\.\.)?\]", r"list[\1]", option.annotation)
    found = [PLAIN[word] for word in (part.strip() for part in text.split("|")) if word in PLAIN]
    return found or [type(option.default)] * (type(option.default) in WORDS)


def from_text(option: Option, given: Any) -> Any:
    """Return the value that words on the command line mean.

    Parameters
    ----------
    option : Option
    given : str, bool, None or list of str
        As argparse found it.
    """
    if given is None or isinstance(given, bool):
        return given
    kinds = kinds_of(option)
    if isinstance(given, list):
        inner = float if list[float] in kinds else int if list[int] in kinds else str
        return checked(option, [_number(word, inner) for word in given])
    for kind in (int, float):
        if kind in kinds and (number := _number(given, kind)) is not given:
            return checked(option, number)
    return checked(option, given)


def checked(option: Option, value: Any) -> Any:
    """Return a value as one of the option's types; a whole number does for a number.

    Raises
    ------
    InvalidInputError
        If it is of another type, or not among the documented choices.
    """
    kinds = kinds_of(option)
    if value is None and (option.default is None or "None" in option.annotation):
        return None
    if isinstance(value, str) and str in kinds:
        own = ":" in value  # module:name of one's own
        return value if own or not option.choices else check_choice(option.name, value, option.choices)
    if isinstance(value, bool):
        if bool in kinds:
            return value
    elif isinstance(value, int) and int in kinds:
        return value
    elif isinstance(value, (int, float)) and float in kinds:
        return float(value)
    elif isinstance(value, (list, tuple)):
        for kind in kinds:
            if (found := _list(list(value), kind)) is not None:
                return found
    raise invalid(f"{option.name}={value!r}", " or ".join(WORDS[kind] for kind in kinds))


def _list(values: list[Any], kind: Any) -> list[Any] | None:
    """Return the values if they are a list of that kind."""
    inner = {list[int]: (int,), list[float]: (int, float), list[str]: (str,)}.get(kind)
    if inner is None or any(isinstance(value, bool) or not isinstance(value, inner) for value in values):
        return None
    return [float(value) for value in values] if kind == list[float] else values


def _number(text: str, kind: Any) -> Any:
    try:
        return kind(text)
    except ValueError:
        return text
