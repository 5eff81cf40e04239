"""Whether the folder of model versions can be used, and by nobody else: looked at before anything is fitted (ENV-6)."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LITTLE_SPACE_MIB: Final = 500
_ROOT: Final = 0


@dataclass(frozen=True, slots=True)
class FolderFault:
    """What is wrong with the folder. is_wrong: nothing can be trusted or kept there; otherwise it works for now."""

    is_wrong: bool
    found: str
    remedy: str


def model_folder_fault(path: Path, *, little_space_mib: int = LITTLE_SPACE_MIB) -> FolderFault | None:
    """Return what is wrong with the folder: existence, kind, owner, mode or free space; None where nothing is."""
    if not path.exists():
        return _absence(path)
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        found = f"{path} is not a folder that can be written;"
        return FolderFault(is_wrong=True, found=found, remedy="choose another or change its owner.")
    state = path.stat()
    # Whoever owns a folder can put other files into it. Root can in any case.
    if state.st_uid not in (os.geteuid(), _ROOT):
        found = f"{path} belongs to the user with the number {state.st_uid}, and this process runs as {os.geteuid()};"
        return FolderFault(is_wrong=True, found=found, remedy="change its owner.")
    if state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return FolderFault(is_wrong=True, found=f"{path} can be written by others;", remedy=f"run `chmod go-w {path}`.")
    free = free_mib(path)
    if free < little_space_mib:
        return FolderFault(is_wrong=False, found=f"{path} has only {free:,} MiB free;", remedy="make room.")
    return None


def _absence(path: Path) -> FolderFault:
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        found = f"{path} cannot be made: {above} is not a folder that can be written;"
        return FolderFault(is_wrong=True, found=found, remedy="choose another or change its owner.")
    return FolderFault(is_wrong=False, found=f"{path} does not exist yet;", remedy="the first fit makes it.")


def free_mib(path: Path) -> int:
    """Return how much room there is, in MiB."""
    return shutil.disk_usage(path).free // 2**20
