"""What a request costs: 1, or what is said beside its route as `openapi_extra={"x-cost": n}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

AUTHENTICATION: Final = "/v1/auth/"
"""Below it requests are counted by address, whoever asks, and whatever changes something costs `AUTHENTICATION_COST` (JWT-4)."""
AUTHENTICATION_COST: Final = 20
_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
UNLIMITED: Final = ("/health", "/assets/")
"""Load balancers ask often, and one page load brings many small files."""


def cost_of_operation(method: str, path: str, operation: Mapping[str, Any]) -> int:
    """Return what an operation of the OpenAPI document costs."""
    if path.startswith(UNLIMITED):
        return 0
    if path.startswith(AUTHENTICATION) and method.upper() in _CHANGING:
        return max(AUTHENTICATION_COST, int(operation.get("x-cost", 1)))
    return int(operation.get("x-cost", 1))


class Costs:
    """Finds what a request costs before it is known which route will answer it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._whole: dict[str, dict[str, int]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, int]]] = []
        for path, operations in document["paths"].items():
            found = {method.upper(): cost_of_operation(method, path, operation) for method, operation in operations.items()}
            if "GET" in found:
                found["HEAD"] = found["GET"]
            if "{" not in path:
                self._whole[path] = found
            elif any(cost > 1 for cost in found.values()):
                self._patterns.append((re.compile(re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(path))), found))

    def of(self, method: str, path: str) -> int:
        """Return what this request costs; what no route answers costs 1, and below `AUTHENTICATION` as much as if one did."""
        known = self._whole.get(path)
        if known is None:
            known = next((costs for pattern, costs in self._patterns if pattern.fullmatch(path)), {})
        cost = known.get(method, 1)
        return AUTHENTICATION_COST if cost == 1 and method in _CHANGING and path.startswith(AUTHENTICATION) else cost
