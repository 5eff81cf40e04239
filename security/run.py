"""`make security`: every scanner, one after the other; ends with 1 when one found something or could not look.

python security/run.py [--only NAME …] [--report FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import scanners
import sources
from result import ROOT, Result
from target import ROLES, Target, running_target
from timing import login_timing


def fuzz(target: Target, name: str, *arguments: str) -> Result:
    """Run schemathesis as one kind of caller."""
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), target.address, *arguments]
    done = subprocess.run(command, env=target.environment, cwd=target.folder, capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return Result(f"schemathesis as {name}", "", [], f"broke off: {done.stderr[-500:]}")
    return Result(f"schemathesis as {name}", f"{said['operations']} operations, {said['requests']:,} requests", said["findings"])


def plan(target: Target) -> dict[str, Callable[[], Result]]:
    """Return what needs the running service, by name. Fuzzing comes last, because it leaves a mess behind."""
    return {
        "timing": lambda: login_timing(target),
        "sqlmap": lambda: scanners.sqlmap(target),
        "wapiti": lambda: scanners.wapiti(target),
        "fuzz-anonymous": lambda: fuzz(target, "anonymous"),
        **{f"fuzz-{role}": lambda role=role: fuzz(target, f"{role} with a key", "--key", target.keys[role]) for role in ROLES},
        "fuzz-session": lambda: fuzz(target, "reader in a session", "--session", "reader@example.org"),
    }


SOURCES: dict[str, Callable[[], Result]] = {
    "bandit": sources.bandit,
    "pip-audit": sources.python_dependencies,
    "npm-audit": sources.page_dependencies,
    "secrets": sources.secrets_in_files,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--report", type=Path, default=ROOT / "var" / "security" / "report.json")
    given = parser.parse_args()
    results: list[Result] = []

    def run(steps: dict[str, Callable[[], Result]]) -> None:
        for name, step in steps.items():
            if given.only is None or name in given.only:
                began = time.monotonic()
                results.append(step())
                tell(results[-1], time.monotonic() - began)

    run(SOURCES)
    if given.only is None or set(given.only) - set(SOURCES):
        with running_target() as target:
            run(plan(target))
    given.report.parent.mkdir(parents=True, exist_ok=True)
    given.report.write_text(json.dumps([asdict(result) for result in results], indent=2))
    failed = [result.name for result in results if not result.has_passed]
    print(
        f"\n{len(results)} checks, {len(failed)} not passed{': ' + ', '.join(failed) if failed else ''}. Report: {given.report}"
    )
    sys.exit(1 if failed else 0)


def tell(result: Result, seconds: float) -> None:
    """Print one line, and one for each finding."""
    verdict = "passed" if result.has_passed else "NOT DONE" if result.not_done else "FINDINGS"
    print(f"{verdict:9} {result.name:28} {result.tried or '–'} ({seconds:.0f} s)", flush=True)
    if result.not_done:
        print(
            f"          it {result.not_done}" if not result.not_done.startswith("the ") else f"          {result.not_done}",
            flush=True,
        )
    for finding in result.findings[:20]:
        print(f"          {finding[:400]}", flush=True)


if __name__ == "__main__":
    main()
