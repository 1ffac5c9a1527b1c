"""Values of options: which types an annotation allows, and a given value as one of them."""

from __future__ import annotations

import re
import sys
from typing import Any

from sparse_mlp.errors import check_choice, invalid, shown
from sparse_mlp.options import Option

WORDS: dict[Any, str] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "text",
    list[int]: "a list of whole numbers", list[float]: "a list of numbers", list[str]: "a list of texts",
}  # fmt: skip
PLAIN = {getattr(kind, "__name__", "") if kind in (bool, int, float, str) else str(kind): kind for kind in WORDS}
ITEMS: dict[Any, Any] = {list[int]: int, list[float]: float, list[str]: str}


def kinds_of(option: Option) -> list[Any]:
    """Return the types that an option allows, of those that text can hold; none if it cannot be given as text.

    Examples
    --------
    >>> kinds_of(Option("beta", 0.25, "float | None")), kinds_of(Option("sizes", (3,), "Sequence[int]"))
    ([<class 'float'>], [list[int]])
    """
    text = re.sub(r"(?:Sequence|tuple)\[(\w+)(?:, \.\.\.)?\]", r"list[\1]", option.annotation)
    found = [PLAIN[word] for word in (part.strip() for part in text.split("|")) if word in PLAIN]
    return found or [type(option.default)] * (type(option.default) in WORDS)


def value_of(option: Option, given: Any) -> Any:
    """Return a given value as one of the option's types; numbers may be given as text, as on the command line.

    Raises
    ------
    InvalidInputError
        If it is of another type, or not among the documented choices.
    """
    if given is None and (option.default is None or "None" in option.annotation):
        return None
    kinds = kinds_of(option)
    for kind in kinds:
        if kind in ITEMS and isinstance(given, (list, tuple)):
            found = [_as(ITEMS[kind], value) for value in given]
            if None not in found:
                return found
        elif kind not in ITEMS and (value := _as(kind, given)) is not None:
            own = isinstance(value, str) and ":" in value  # module:name of one's own
            return check_choice(option.name, value, option.choices) if option.choices and not own else value
    raise invalid(f"{option.name}={shown(given)}", " or ".join(WORDS[kind] for kind in kinds))


def _as(kind: Any, value: Any) -> Any:
    """Return a value as a plain type, None if it is not of that type."""
    if isinstance(value, str) and "\0" in value:  # no name or path may hold it
        return None
    if isinstance(value, bool) or kind in (bool, str):
        return value if isinstance(value, kind) else None
    if isinstance(value, str):
        try:
            return kind(value)
        except ValueError:
            return None
    if kind is float and isinstance(value, int) and abs(value) > sys.float_info.max:
        return None
    return kind(value) if isinstance(value, (int, kind)) and kind in (int, float) else None
