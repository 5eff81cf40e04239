"""Whether a log-in takes as long for an address that nobody has as for one that somebody has (USR-4)."""

from __future__ import annotations

import statistics
import time

import httpx2
from result import Result
from target import Target

N_PEOPLE = 30
ROUNDS = 2
MOST_DIFFERENCE = 0.10
"""Of the median. A look-up that was left out would be about half of it, a hash that was left out nine tenths."""


def login_timing(target: Target) -> Result:
    """Compare medians of failed log-ins, known and unknown in turn, each address too seldom to be locked."""
    known = [f"known{number}@example.org" for number in range(N_PEOPLE)]
    headers = {"Authorization": f"Bearer {target.keys['administrator']}"}
    with httpx2.Client(base_url=target.address, timeout=60) as client:
        for email in known:
            client.post("/v1/people", json={"email": email}, headers=headers)
        took: dict[str, list[float]] = {"known": [], "unknown": []}
        for _ in range(ROUNDS):
            for number, email in enumerate(known):
                for kind, address in (("known", email), ("unknown", f"nobody{number}@example.org")):
                    began = time.perf_counter()
                    client.post("/v1/auth/login", json={"email": address, "password": "wrong but long enough"})
                    took[kind].append(time.perf_counter() - began)
    medians = {kind: 1000 * statistics.median(found) for kind, found in took.items()}
    words = f"{N_PEOPLE * ROUNDS} log-ins each; medians {medians['known']:.1f} ms known, {medians['unknown']:.1f} ms unknown"
    difference = abs(medians["known"] - medians["unknown"]) / medians["unknown"]
    findings = [f"the medians differ by {difference:.0%}"] if difference > MOST_DIFFERENCE else []
    return Result("log-in timing", words, findings)
