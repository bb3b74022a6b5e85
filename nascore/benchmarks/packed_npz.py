"""npz files written without pickles, byte for byte the same for the same arrays, and read with clear errors."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from nascore.errors import DataError
from nascore.paths import atomic_write


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Compressed npz with a fixed date, through a temporary file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    atomic_write(path, buffer.getvalue())


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz; DataError naming the file when it is missing or broken."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        foreign = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
        if foreign:  # numpy gives the bytes of a member that is no array
            raise ValueError(f"{foreign[0]} is no array")
        return arrays
    except Exception as error:  # zipfile, zlib, struct, tokenize and numpy each have their own for a damaged file
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} cannot be read ({why}); it is part of the repository: restore it with git") from error


def pack_fixed(values: np.ndarray, step: float) -> dict[str, np.ndarray]:
    """Numbers as three byte planes of `round((value - least) / step)`, which compress better than floats."""
    least = float(values.min())
    whole = np.rint((values - least) / step).astype(np.int64)
    if whole.max() >= 1 << 24:
        raise ValueError(f"a range of {values.max() - least} does not fit 24 bits in steps of {step}")
    planes = np.stack([whole >> shift & 255 for shift in (16, 8, 0)]).astype(np.uint8)
    return {"planes": planes, "least": np.array(least), "step": np.array(step)}


def unpack_fixed(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The numbers that `pack_fixed` stored, float64."""
    high, middle, low = arrays["planes"].astype(np.int64)
    return arrays["least"] + arrays["step"] * (high << 16 | middle << 8 | low)
