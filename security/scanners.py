"""Public scanners against the running service: sqlmap and wapiti on every parameter of the OpenAPI document (INP-2, INP-3, SEC-1)."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from pathlib import Path

from result import DOCUMENT, TOOLS, Result
from target import Target

_TESTED = re.compile(r"(\w[\w ()]*) parameter '([^']+)' does not seem to be injectable")
_REFUTED = "false positive or unexploitable"
_TARGET = re.compile(r"^\[(\d+)/(\d+)\] URL:", re.MULTILINE)
_WAPITI_MODULES = (
    "sql,xss,permanentxss,exec,file,crlf,redirect,ssrf,xxe,ldap,upload,csp,http_headers,cookieflags,methods,htaccess,csrf,backup"
)
_WITHIN_S = 1800
_WAPITI_WITHIN_S = 420


def sqlmap(target: Target) -> Result:
    """Look for SQL injection in every path, query and body parameter, as an administrator, who reaches all of them."""
    found = Result("sqlmap", "")
    folder, results = target.folder / "sqlmap", target.folder / "sqlmap.csv"
    command = [
        str(TOOLS / "sqlmap"),
        f"--openapi={DOCUMENT}",
        f"--openapi-base={target.address}",
        "--batch", "--flush-session", "--disable-coloring", "--level=2", "--risk=1", "--technique=BEU", "--timeout=5", "--retries=0",
        f"--output-dir={folder}",
        f"--results-file={results}",
        "--headers", f"Authorization: Bearer {target.keys['administrator']}",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN_S, cwd=target.folder, check=False)
    except subprocess.TimeoutExpired:
        found.not_done = f"was not through with every operation within {_WITHIN_S} seconds"
        return found
    numbers = _TARGET.findall(done.stdout)
    if not numbers or numbers[-1][0] != numbers[-1][1]:
        found.not_done = f"stopped before the last operation: {done.stdout[-500:]}{done.stderr[-500:]}"
        return found
    tested = len(_TESTED.findall(done.stdout))
    suspected = list(csv.DictReader(results.open())) if results.is_file() else []
    refuted = [row for row in suspected if row["Note(s)"] == _REFUTED]
    found.tried = f"{numbers[-1][1]} operations, {tested} parameters, {len(refuted)} suspicions that it refuted itself"
    if not tested:
        found.not_done = "tested no parameter"
    found.findings = [f"{row['Parameter']} of {row['Target URL']} can be injected" for row in suspected if row not in refuted]
    return found


def wapiti(target: Target) -> Result:
    """Look for scripts, injections, redirects, uploads and missing headers on the page and in the API."""
    found = Result("wapiti", "")
    report = target.folder / "wapiti.json"
    command = [
        str(TOOLS / "wapiti"),
        "-u", f"{target.address}/",
        "--swagger", str(_document_of(target)),
        "-H", f"Authorization: Bearer {target.keys['administrator']}",
        "-x", f"{target.address}/v1/stream",
        "-m", _WAPITI_MODULES,
        "--scope", "folder", "--flush-session", "--no-bugreport", "-v", "1", "--max-scan-time", "120", "--max-attack-time", "60",
        "--store-session", str(target.folder / "wapiti"), "--store-config", str(target.folder / "wapiti-config"),
        "-f", "json", "-o", str(report), "-t", "5",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_WAPITI_WITHIN_S * 3, cwd=target.folder, check=False
        )
    except subprocess.TimeoutExpired:
        found.not_done = "did not come to an end"
        return found
    if not report.is_file():
        found.not_done = f"wrote no report: {done.stdout[-500:]}{done.stderr[-500:]}"
        return found
    said = json.loads(report.read_text())
    n_pages = said["infos"].get("crawled_pages_nbr", 0)
    found.tried = f"{n_pages} addresses, {len(_WAPITI_MODULES.split(','))} kinds of attack"
    if n_pages < 20:
        found.not_done = f"reached {n_pages} addresses only"
    for kind in ("vulnerabilities", "anomalies"):
        for name, entries in said[kind].items():
            found.findings += [
                f"{name}: {entry['method']} {entry['path']} {entry['parameter'] or ''} {entry['info']}" for entry in entries
            ]
    return found


def _document_of(target: Target) -> Path:
    """Return the document with the address of the service in it, which wapiti needs."""
    document = json.loads(DOCUMENT.read_text())
    document["servers"] = [{"url": target.address}]
    document["paths"].pop("/v1/stream")
    path = target.folder / "openapi.json"
    path.write_text(json.dumps(document))
    return path
