"""Promotion and rollback: which model is champion, changed by a rule or by somebody, and put on record with the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Clock, Origin, Series, to_rfc3339
from btcforecast.core.errors import ConflictError, InputError
from btcforecast.engine.calibration.gate import JUDGED
from btcforecast.engine.calibration.promotion import Comparison, PromotionLimits, compare
from btcforecast.forecasts.ledger import Ledger
from btcforecast.forecasts.reigns import reigning_roles
from btcforecast.forecasts.roles import Roles
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.forecasts import Role, series_fields
from btcforecast.store.gate import GateStore, Reign
from btcforecast.store.ledger import LedgerStore

PROMOTION: Final = "promotion"
ROLLBACK: Final = "rollback"
BY_RULE: Final = "The rule is met."
log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Forced:
    """Somebody promotes although the rule is not met, and says why."""

    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise InputError("A forced promotion needs a reason; it is put on record.")


async def compared(
    database: Database,
    series: Series,
    roles: Roles,
    *,
    clock: Clock,
    limits: PromotionLimits,
    challengers: Sequence[str] | None = None,
) -> list[Comparison]:
    """Return how each challenger stands against the champion. roles: as they reign."""
    names = challengers if challengers is not None else [name for name in roles.models if roles.of(name) is Role.CHALLENGER]
    async with database.read() as connection:
        return [await _compare(connection, series, name, roles.champion, until=clock.now(), limits=limits) for name in names]


async def promote(
    database: Database,
    series: Series,
    configured: Roles,
    challenger: str,
    *,
    clock: Clock,
    limits: PromotionLimits,
    forced: Forced | None = None,
) -> tuple[Reign, Comparison]:
    """Make the challenger champion from now on.

    Raises InputError when it is no challenger, ConflictError with the figures when the rule is not met and nobody forces it.
    """
    async with database.transaction() as connection:
        await LedgerStore(connection, Origin.LIVE).lock()
        at = clock.now()
        roles = await reigning_roles(connection, series, configured)
        if challenger == roles.champion:
            raise ConflictError(f"{challenger} is champion already.")
        if roles.of(challenger) is Role.BASELINE:
            known = ", ".join(name for name in roles.models if roles.of(name) is not Role.BASELINE and name != roles.champion)
            raise InputError(f"{challenger} is no challenger; there are: {known or 'none. Name some in CHALLENGERS'}.")
        comparison = await _compare(connection, series, challenger, roles.champion, until=at, limits=limits)
        if not comparison.is_met and forced is None:
            unmet = " ".join(finding.words for finding in comparison.findings if not finding.is_met)
            raise ConflictError(f"{challenger} does not meet the rule against {roles.champion}. {unmet}")
        reign = await _begin(
            connection,
            series,
            challenger,
            previous=roles.champion,
            kind=PROMOTION,
            is_forced=forced is not None and not comparison.is_met,
            reason=BY_RULE if forced is None else forced.reason,
            figures=figures_of(comparison),
            at=at,
        )
    return reign, comparison


async def roll_back(database: Database, series: Series, configured: Roles, *, clock: Clock, reason: str) -> Reign:
    """Bring back the champion before the newest promotion that stands; raises ConflictError when there is none."""
    async with database.transaction() as connection:
        await LedgerStore(connection, Origin.LIVE).lock()
        standing: list[str] = []
        for reign in reversed(await GateStore(connection).reigns(series)):
            if reign.kind == ROLLBACK:
                standing.pop()
            else:
                standing.append(reign.previous)
        if not standing:
            raise ConflictError(f"Nothing has been promoted for {series} that could be rolled back.")
        current = (await reigning_roles(connection, series, configured)).champion
        return await _begin(
            connection,
            series,
            standing[-1],
            previous=current,
            kind=ROLLBACK,
            is_forced=False,
            reason=reason,
            figures=None,
            at=clock.now(),
        )


async def promote_best(
    database: Database, series: Series, configured: Roles, *, clock: Clock, limits: PromotionLimits
) -> Reign | None:
    """Promote the challenger with the highest skill among those that meet the rule; None when none does.

    Nothing is promoted within the window after the last change, which still holds the comparison that led to it.
    """
    async with database.read() as connection:
        reigns = await GateStore(connection).reigns(series)
        roles = await reigning_roles(connection, series, configured)
    if reigns and clock.now() - reigns[0].began_at < limits.window_s:
        return None
    found = await compared(database, series, roles, clock=clock, limits=limits)
    fit = [comparison for comparison in found if comparison.is_met and comparison.skill is not None]
    if not fit:
        return None
    best = max(fit, key=lambda comparison: comparison.skill.value if comparison.skill is not None else 0.0)
    reign, _ = await promote(database, series, configured, best.challenger, clock=clock, limits=limits)
    return reign


def figures_of(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as plain JSON values."""
    return {
        "challenger": comparison.challenger,
        "champion": comparison.champion,
        "rule_met": comparison.is_met,
        "skill": None if comparison.skill is None else asdict(comparison.skill),
        "conditions": [{"name": finding.name, "met": finding.is_met, "words": finding.words} for finding in comparison.findings],
    }


async def _compare(
    connection: AsyncConnection, series: Series, challenger: str, champion: str, *, until: int, limits: PromotionLimits
) -> Comparison:
    series_id = await CandleStore(connection).series_id(series)
    spans = dict.fromkeys(JUDGED, until - limits.window_s)
    settled = await GateStore(connection).settled(series_id, [challenger, champion], spans=spans, until=until)
    theirs, ours = ({horizon: settled[model, horizon] for horizon in JUDGED} for model in (challenger, champion))
    return compare(challenger, champion, theirs, ours, until=until, limits=limits)


async def _begin(
    connection: AsyncConnection,
    series: Series,
    champion: str,
    *,
    previous: str,
    kind: str,
    is_forced: bool,
    reason: str,
    figures: dict[str, Any] | None,
    at: int,
) -> Reign:
    body = {
        **series_fields(series),
        "champion": champion,
        "previous": previous,
        "began_at": to_rfc3339(at),
        "kind": kind,
        "forced": is_forced,
        "reason": reason,
        "figures": figures,
    }
    entry = await Ledger(connection, Origin.LIVE).append("reign", body, at=at)
    await Feed(connection).append_event("reign", {**body, "entry": entry.seq}, at=at)
    reign = Reign(at, champion, previous, kind, is_forced, reason, figures, entry.seq)
    await GateStore(connection).add_reign(reign, series_id=await CandleStore(connection).series_id(series))
    log.info("reign.began", series=str(series), champion=champion, previous=previous, kind=kind, forced=is_forced)
    return reign
