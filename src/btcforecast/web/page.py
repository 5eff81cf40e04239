"""Serves the built page: its files from memory, and its first document for every address that the page itself knows."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

STATIC: Final = Path(__file__).parent / "static"
_API: Final = ("/v1", "/health", "/metrics", "/docs", "/openapi.json", "/assets/")
_WORTH_PACKING: Final = 1024
_PACKED_TYPES: Final = ("text/", "application/javascript", "application/json", "image/svg+xml")
_NOT_BUILT: Final = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><title>btcforecast</title>'
    b"<h1>The page has not been built</h1><p>The API works: see <a href=/docs>/docs</a>. "
    b"Build the page with <code>make run</code>, or install the package from a wheel, which holds it.</p></html>"
)


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None
    media_type: str
    etag: str
    cache_control: str


def add_page(app: FastAPI, folder: Path = STATIC) -> None:
    """Answer what no route of the API does: files of the page, and its index for addresses inside the page.

    Added last, so that every other route comes first.
    """
    files = _read(folder)
    index = files.get("/index.html")

    async def page(request: Request) -> Response:
        path = request.scope["path"]
        found = files.get(path)
        if found is None and not _is_inside_page(path):
            raise HTTPException(404)
        request.scope["page_route"] = "page"
        if found is None and index is None:
            return Response(_NOT_BUILT, status_code=503, media_type="text/html", headers={"cache-control": "no-store"})
        chosen = found if found is not None else index
        assert chosen is not None
        return _answer(request, chosen)

    app.add_route("/{path:path}", page, include_in_schema=False)


def _is_inside_page(path: str) -> bool:
    # A path with an extension names a file; where there is none of that name, an index would only confuse.
    return not path.startswith(_API) and "." not in path.rpartition("/")[2]


def _answer(request: Request, file: _File) -> Response:
    headers = {"etag": file.etag, "cache-control": file.cache_control, "vary": "accept-encoding"}
    known = (part.strip() for part in request.headers.get("if-none-match", "").split(","))
    if file.etag in known:
        return Response(status_code=304, headers=headers)
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.media_type, headers={**headers, "content-encoding": "gzip"})
    return Response(file.body, media_type=file.media_type, headers=headers)


def _read(folder: Path) -> dict[str, _File]:
    """Return the files by address. They are few and small, so they are read and packed once."""
    found: dict[str, _File] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if not path.is_file():
            continue
        address = "/" + path.relative_to(folder).as_posix()
        body = path.read_bytes()
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        is_text = media_type.startswith(_PACKED_TYPES)
        found[address] = _File(
            body=body,
            packed=gzip.compress(body, mtime=0) if is_text and len(body) > _WORTH_PACKING else None,
            media_type=media_type,
            # Weak, because the packed and the plain form carry the same tag.
            etag=f'W/"{hashlib.sha256(body).hexdigest()[:24]}"',
            # Names of assets hold a digest of their content, so what they name never changes.
            cache_control="public, max-age=31536000, immutable" if address.startswith("/assets/") else "no-cache",
        )
    if "/index.html" in found:
        found["/"] = found["/index.html"]
    return found
