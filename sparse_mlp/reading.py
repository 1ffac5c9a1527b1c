"""Read the library's files, whatever is in them: what cannot be read is a `DataFileError` that says where.

Somebody may have cut a file, edited it by hand, or written it with another version. What parsers raise then is too
varied to be listed, and memory must not depend on what a header declares.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from sparse_mlp.errors import DataFileError, describe

Array = NDArray[Any]

KINDS = "biufcSU"  # of dtypes: numbers and text
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_json(path: Path, what: str) -> Any:
    """Return what a file of JSON in UTF-8 holds.

    Parameters
    ----------
    path : path
    what : str
        What it should be, for the message: "the config.json of a run".

    Raises
    ------
    DataFileError
        If the file is missing or cannot be read.
    """
    try:
        return json.loads(Path(path).read_bytes().decode())
    except OSError as error:
        raise DataFileError(describe(f"{path}, which cannot be read ({error.strerror or error})", what)) from None
    except (ValueError, RecursionError) as error:
        raise DataFileError(describe(f"{path}, which is damaged ({_short(error)})", what)) from None


def read_json_lines(path: Path, what: str) -> list[dict[str, Any]]:
    """Return the objects in a file with one JSON object a line; half a line at the end is left out.

    Parameters
    ----------
    path : path
    what : str
        What each line should be.

    Raises
    ------
    DataFileError
        If the file is missing, or a line is something else, naming the line.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        found = f"{path}, which cannot be read ({error.strerror or error})"
        raise DataFileError(describe(found, f"lines, each {what}")) from None
    records = []
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            record = json.loads(line.decode())
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            shown = ascii(line[:40].decode(errors="replace"))
            raise DataFileError(describe(f"{shown} in line {number} of {path}", what))
        records.append(record)
    return records


def read_arrays(path: Path, expected: Mapping[str, tuple[DTypeLike, int]]) -> dict[str, Array]:
    """Return arrays of an `.npz` file that `numpy.savez` wrote.

    Parameters
    ----------
    path : path
    expected : mapping of str to (dtype, int)
        Name → dtype and number of dimensions of the arrays to return; the file may hold others.

    Raises
    ------
    DataFileError
        If the file is missing or damaged, or an array is missing or of another kind.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        found = f"{path}, which cannot be read ({error.strerror or error})"
        raise DataFileError(describe(found, "an .npz file")) from None
    arrays = arrays_in(data, path)
    for name, (dtype, dimensions) in expected.items():
        wanted = f"{np.dtype(dtype)} with {dimensions} dimensions"
        if name not in arrays:
            raise DataFileError(describe(f"{path} without {name}", wanted))
        if arrays[name].dtype != np.dtype(dtype) or arrays[name].ndim != dimensions:
            found = f"{name} of {arrays[name].dtype} {arrays[name].shape} in {path}"
            raise DataFileError(describe(found, wanted))
    return {name: arrays[name] for name in expected}


def arrays_in(data: bytes, path: Path) -> dict[str, Array]:
    """Return the arrays in the bytes of an `.npz` file that `numpy.savez` wrote.

    It does not compress, so arrays take no more memory than the file; what declares more is refused before it is read.

    Parameters
    ----------
    data : bytes
    path : path
        Of the file, for messages.

    Raises
    ------
    DataFileError
        If they are something else, or hold pickled objects, which are never opened.
    """
    wanted = "an .npz file as it was written"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            members = file.infolist()
            if sum(member.file_size for member in members) > len(data):
                raise ValueError("it declares more bytes than it has")
            return {member.filename.removesuffix(".npy"): _array(file, member) for member in members}
    except Exception as error:
        raise DataFileError(describe(f"{path}, which cannot be read ({_short(error)})", wanted)) from None


def _array(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    with file.open(member) as stream:
        version = npy.read_magic(stream)
        if version not in HEADERS:
            raise ValueError(f"{member.filename} of version {version}")
        shape, _, dtype = HEADERS[version](stream)
        if dtype.hasobject or dtype.kind not in KINDS:
            raise ValueError(f"{member.filename} holds {'Python objects' if dtype.hasobject else dtype}, no numbers")
        size = stream.tell() + math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size != member.file_size:
            raise ValueError(f"{member.filename} of shape {shape} does not have {member.file_size} bytes")
        stream.seek(0)
        return npy.read_array(stream, allow_pickle=False)


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
