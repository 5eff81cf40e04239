"""Which requests come in: meant for this service, from somebody who is known or need not be, and not too many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from btcforecast.accounts.caller import Caller
from btcforecast.api.callers import Callers
from btcforecast.api.costs import AUTHENTICATION, UNLIMITED, Costs
from btcforecast.api.edge.hosts import BY_ADDRESS, Hosts
from btcforecast.api.edge.limits import Limits, Verdict
from btcforecast.api.edge.shared import SharedCounts
from btcforecast.api.usage import Usage
from btcforecast.core.errors import UnauthenticatedError
from btcforecast.telemetry.metrics import http_limited

_INVALID: Final = ((b"www-authenticate", b'Bearer realm="btcforecast", error="invalid_token"'),)
_LATER: Final = ((b"retry-after", b"30"),)
log: Final = structlog.get_logger()


class Refusal(NamedTuple):
    """Why a request does not come in."""

    status: int
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Admission:
    """Everything that is asked of a request before it is answered."""

    def __init__(
        self, *, hosts: Hosts, limits: Limits, shared: SharedCounts | None, costs: Costs, usage: Usage, callers: Callers
    ) -> None:
        self._hosts = hosts
        self._limits = limits
        self._shared = shared
        self._costs = costs
        self._usage = usage
        self._callers = callers

    def of_host(self, path: str, headers: Mapping[bytes, bytes], sent: list[tuple[bytes, bytes]]) -> Refusal | None:
        """Refuse what is meant for somebody else. sent: all headers, those that came twice among them."""
        if path.startswith(BY_ADDRESS):
            return None
        n_found = 1 if len(headers) == len(sent) else sum(name == b"host" for name, _ in sent)
        fault = self._hosts.fault(headers.get(b"host"), n_found=n_found)
        return None if fault is None else Refusal(*fault)

    async def identify(self, authorization: bytes, client: str, *, path: str) -> tuple[Caller | None, Refusal | None]:
        """Return who asks, or why that is not known; nothing new is looked up for an address that has asked too much already."""
        is_new = not self._callers.have_met(authorization)
        if is_new and not path.startswith(UNLIMITED) and self._limits.is_spent(client):
            return None, None
        try:
            return await self._callers.identify(authorization, network=client), None
        except UnauthenticatedError as e:
            return None, Refusal(401, str(e), _INVALID)
        except (SQLAlchemyError, OSError) as e:
            log.warning("api.caller_unknown", error=type(e).__name__)
            return None, Refusal(503, "The database does not answer at the moment, so that keys cannot be checked.", _LATER)

    def count(self, caller: Caller | None, client: str, method: str, *, path: str) -> tuple[Verdict, int]:
        """Count a request, and return whether it may pass, with what it costs."""
        cost = self._costs.of(method, path)
        if caller is None or path.startswith(AUTHENTICATION):
            claims = self._limits.of_address(client)
        else:
            claims = self._limits.of_person(caller.person.id, caller.key_id, plan=caller.person.plan)
        return self._limits.admit(claims, cost), cost

    async def confirm(self, verdict: Verdict) -> Verdict:
        """Return the verdict on a request that costs more than 1, once the other processes' counts are known."""
        if self._shared is None or not verdict.is_allowed or not await self._shared.confirm(verdict.claims):
            return verdict
        return self._limits.judge_again(verdict.claims)

    def note(self, caller: Caller, cost: int) -> None:
        """Put a request on somebody's account of what they asked."""
        self._usage.note(caller.person.id, caller.key_id or "", cost)


def of_limits(verdict: Verdict) -> Refusal:
    """Return the refusal of a request that is one too many."""
    http_limited.inc()
    detail = f"Too many requests; come again in {verdict.reset_s} seconds."
    return Refusal(429, detail, ((b"retry-after", b"%d" % verdict.reset_s),))
