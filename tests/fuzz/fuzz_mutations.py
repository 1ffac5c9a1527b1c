"""Damage bytes, text, JSON values and zip files at random, as disks, editors and strangers do."""

from __future__ import annotations

import gzip
import io
import json
import re
import warnings
import zipfile
from typing import Any

import numpy as np

EXTREMES = (0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**63 - 1, 2**64 - 1)
NUMBERS = ("-1", "0", "1e999", "nan", "-inf", "9" * 5000, "2147483648", "18446744073709551616", "1e-400", "0x10", "")
VALUES: tuple[Any, ...] = (None, True, -1, 0, 2**63, 10**400, 1.5, "", "\0", "x" * 10**5, [], [[]], {}, {"a": None})
DEEP = 100_000


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Return damaged content: once to four times, in the wrapper or within it."""
    if content.startswith(b"\x1f\x8b") and rng.random() < 0.7:
        return gzip.compress(mutate(gzip.decompress(content), rng), 1)
    ways = [flip, cut, insert, zero, extreme, repeat]
    if content.startswith(b"PK\x03\x04"):
        ways += [change_member] * 6
    elif _is_json(content):
        ways += [change_value] * 6
    elif b"\0" not in content:
        ways += [change_number] * 3 + [change_character, nest]
    for _ in range(rng.integers(1, 5)):
        way = ways[rng.integers(len(ways))]
        try:
            content = way(content, rng)
        except Exception:
            content = flip(content, rng)  # damaged before, so that it cannot be opened again
    return content


def flip(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip a bit, nearer to the beginning than to the end."""
    if not content:
        return content
    damaged = bytearray(content)
    damaged[_place(content, rng)] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut the end off, or a piece out."""
    start = _place(content, rng)
    return content[:start] + (content[start + int(rng.integers(1, 64)) :] if rng.random() < 0.5 else b"")


def insert(content: bytes, rng: np.random.Generator) -> bytes:
    """Insert random bytes."""
    start = _place(content, rng)
    return content[:start] + rng.bytes(int(rng.integers(1, 32))) + content[start:]


def zero(content: bytes, rng: np.random.Generator) -> bytes:
    """Set a piece to zero."""
    start, length = _place(content, rng), int(rng.integers(1, 64))
    piece = content[start : start + length]
    return content[:start] + bytes(len(piece)) + content[start + length :]


def extreme(content: bytes, rng: np.random.Generator) -> bytes:
    """Overwrite an integer of 1 to 8 bytes by an extreme one."""
    start, size = _place(content, rng), int(rng.choice([1, 2, 4, 8]))
    number = int(EXTREMES[rng.integers(len(EXTREMES))]) % 256**size
    return content[:start] + number.to_bytes(size, "big" if rng.random() < 0.5 else "little") + content[start + size :]


def repeat(content: bytes, rng: np.random.Generator) -> bytes:
    """Repeat a piece."""
    start = _place(content, rng)
    piece = content[start : start + int(rng.integers(1, 200))]
    return content[:start] + piece * int(rng.integers(2, 50)) + content[start:]


def change_number(content: bytes, rng: np.random.Generator) -> bytes:
    """Replace a number in text by an extreme one, or by something else."""
    found = list(re.finditer(rb"\d+", content))
    if not found:
        return insert(content, rng)
    match = found[rng.integers(len(found))]
    return content[: match.start()] + NUMBERS[rng.integers(len(NUMBERS))].encode() + content[match.end() :]


def change_character(content: bytes, rng: np.random.Generator) -> bytes:
    """Insert a character with a meaning, or one outside ASCII."""
    start = _place(content, rng)
    characters = "\"',;\t\r\n{}%@\\#:?é\ufeff\u2028"
    return content[:start] + characters[rng.integers(len(characters))].encode() + content[start:]


def nest(content: bytes, rng: np.random.Generator) -> bytes:
    """Insert very many brackets."""
    start = _place(content, rng)
    return content[:start] + (b"[" if rng.random() < 0.5 else b"{(")[:1] * DEEP + content[start:]


def change_value(content: bytes, rng: np.random.Generator) -> bytes:
    """Give a value in JSON another type, take it away, or nest it deeply."""
    value = json.loads(content)
    if rng.random() < 0.1:
        return content.replace(b":", b":" + b"[" * DEEP, 1)
    places = list(_places(value))
    if not places:
        return insert(content, rng)
    holder, key = places[rng.integers(len(places))]
    if rng.random() < 0.2:
        del holder[key]
    else:
        holder[key] = VALUES[rng.integers(len(VALUES))]
    return json.dumps(value).encode()


def change_member(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage, leave out, rename, double or exchange a member of a zip file, whose checksums stay right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    if not members:
        return content
    k, other = int(rng.integers(len(members))), int(rng.integers(len(members)))
    (name, inner), way = members[k], int(rng.integers(6))
    if way == 0:
        members.pop(k)
    elif way == 1:
        members[k] = (f"{name}x", inner)
    elif way == 2:
        members.append(members[k])
    elif way == 3:
        members[k] = (name, members[other][1])
    else:
        members[k] = (name, mutate(inner, rng))
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of a member that is there twice
        for member, inside in members:
            archive.writestr(member, inside)
    return stream.getvalue()


def _place(content: bytes, rng: np.random.Generator) -> int:
    """Return a position; half of them are in the first hundred bytes, where headers are."""
    size = max(1, len(content))
    return int(rng.integers(min(size, 100) if rng.random() < 0.5 else size))


def _places(value: Any) -> Any:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _is_json(content: bytes) -> bool:
    try:
        return content[:1] in (b"{", b"[") and json.loads(content) is not None
    except (ValueError, RecursionError):
        return False


