"""A model's state as the bytes of an npz file: the same state always gives the same bytes, and nothing in them is ever executed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core.errors import InputError, IntegrityError

LARGEST_STATE: Final = 64 * 1024 * 1024
"""Bytes of the largest state that is written or read; the champion's has 1.2 MB."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The date in every zip entry: numpy would write the present, and equal states would differ."""


def pack(state: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Return the arrays as an uncompressed npz file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(state):
            array = np.asarray(state[name])
            if array.dtype.hasobject:
                message = f"The state's “{name}” holds objects; only numbers and fixed-width text are saved."
                raise InputError(message)
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), content.getvalue())
    if packed.tell() > LARGEST_STATE:
        message = f"The state has {packed.tell():,} bytes; at most {LARGEST_STATE:,} are saved."
        raise InputError(message)
    return packed.getvalue()


def unpack(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file; raises IntegrityError for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_STATE:
                message = f"Unpacked it would have more than {LARGEST_STATE:,} bytes."
                raise IntegrityError(message)
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as e:
        message = f"It is not an npz file of plain arrays: {e}."
        raise IntegrityError(message) from e


def single_numbers(state: Mapping[str, NDArray[np.generic]]) -> dict[str, float]:
    """Return the finite numbers of a state that are not part of an array: its parameters, for people to read."""
    plain = {name: np.asarray(value) for name, value in state.items()}
    numbers = {name: float(value.item()) for name, value in plain.items() if value.size == 1 and value.dtype.kind in "iufb"}
    return {name: number for name, number in sorted(numbers.items()) if np.isfinite(number)}
