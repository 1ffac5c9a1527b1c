"""Read `.npy` and `.npz`: plain arrays only, whose headers are compared with the bytes that are there.

`numpy.load` believes the shape in a header and takes the memory for it; a damaged header makes it raise anything.
"""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparse_mlp.datasets.opening import file_error, parsing, unpacked_limit

if TYPE_CHECKING:
    from scipy.sparse import csr_array

HEADER_BYTES = 1 << 16
PLAIN = "biufUS"  # kinds of dtypes: booleans, numbers and text
WANTED = "an array of numbers or text, as numpy.save writes it"
REMEDY = "save it again with numpy.save or numpy.savez, without objects"
MOST_FEATURES = 50_000_000  # a first layer of more inputs fits into no memory


def parse_npy(path: Path, content: bytes | bytearray, name: str = "") -> np.ndarray:
    """Read an array.

    Parameters
    ----------
    path : Path
        Named in errors, as is `name`, the array's name in a `.npz`.
    content : bytes

    Raises
    ------
    DataFileError
        If it is damaged, holds objects, or has more or fewer bytes than its header announces.
    """
    place = f"{path}: {name}" if name else path
    with parsing(place, WANTED, REMEDY):
        shape, fortran, dtype, start = _header(content[:HEADER_BYTES])
        if dtype.kind not in PLAIN or dtype.hasobject or not dtype.itemsize:
            raise file_error(place, f"an array of {dtype}", WANTED, REMEDY)
        announced = math.prod(shape) * dtype.itemsize
        if len(content) - start != announced:
            found = f"{len(content) - start:,} bytes of numbers"
            raise file_error(place, found, f"{announced:,}, as the header says (shape {shape} of {dtype})")
        flat = np.frombuffer(content, dtype, offset=start)
        return flat.reshape(shape, order="F" if fortran else "C")


def parse_npz(path: Path, content: bytes | bytearray) -> dict[str, np.ndarray]:
    """Read all arrays of a `.npz`.

    Raises
    ------
    DataFileError
        If it is no zip file, or a member is damaged, no plain array, or of another size than its header announces.
    """
    arrays: dict[str, np.ndarray] = {}
    wanted = "a .npz file, as numpy.savez writes it"
    with parsing(path, wanted, REMEDY), zipfile.ZipFile(io.BytesIO(content)) as archive:
        left = unpacked_limit(len(content))
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            left -= member.file_size
            if left < 0:
                raise file_error(path, f"{member.file_size:,} bytes in {name!r}", "fewer, for a file of this size")
            if name in arrays:
                raise file_error(path, f"two arrays {name!r}", "each name once")
            with archive.open(member) as stream:
                head = stream.read(HEADER_BYTES)
                shape, _, dtype, start = _header(head)
                if math.prod(shape) * dtype.itemsize + start != member.file_size:
                    found = f"{member.file_size:,} bytes in {name!r}"
                    raise file_error(path, found, f"as many as its header says (shape {shape} of {dtype})")
                arrays[name] = parse_npy(path, head + stream.read(), name)
    return arrays


def sparse_of(path: Path, arrays: dict[str, np.ndarray]) -> csr_array:
    """Build a sparse matrix from the arrays that `scipy.sparse.save_npz` writes.

    Raises
    ------
    DataFileError
        If it is of another form than CSR, CSC or COO, or an index is out of range.
    """
    from scipy.sparse import coo_array, csc_array, csr_array

    wanted = "a sparse matrix, as scipy.sparse.save_npz writes it"
    with parsing(path, wanted, "save it again as CSR"):
        form = arrays["format"].item()
        form = form.decode("ascii") if isinstance(form, bytes) else form
        shape = tuple(int(size) for size in arrays["shape"])
        check_width(path, shape[-1])
        if len(shape) != 2 or arrays["data"].dtype.kind not in "biuf":
            raise file_error(path, f"a matrix of {arrays['data'].dtype} of shape {shape}", "numbers of two dimensions")
        if form in ("csr", "csc"):
            kind = csr_array if form == "csr" else csc_array
            matrix = kind((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
            matrix.check_format(full_check=True)  # before any code in C follows the indices
        elif form == "coo":
            matrix = coo_array((arrays["data"], (arrays["row"], arrays["col"])), shape=shape)
        else:
            raise file_error(path, f"a sparse matrix of form {form!r}", "csr, csc or coo", "save it again as CSR")
        matrix = csr_array(matrix)
        matrix.sum_duplicates()
        return matrix


def check_width(path: Path, n_features: int) -> None:
    """Refuse a number of features for which no network can be made, such as that of one damaged index."""
    if n_features > MOST_FEATURES:
        raise file_error(path, f"{n_features:,} features", f"at most {MOST_FEATURES:,}", "is an index damaged?")


def _header(content: bytes | bytearray) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Return shape, Fortran order, dtype and where the numbers begin."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the format, which only structured arrays need")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if any(size < 0 for size in shape):
        raise ValueError(f"shape {shape}")
    return shape, fortran, dtype, stream.tell()
