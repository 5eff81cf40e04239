"""Which model is champion when: the settings' one until another is promoted."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Series
from btcforecast.forecasts.roles import Roles
from btcforecast.store.gate import GateStore


async def reigning_roles(connection: AsyncConnection, series: Series, configured: Roles, *, at: int | None = None) -> Roles:
    """Return the roles as they are now, or were at an instant: those of the settings under the champion that reigns.

    Whoever reigned before goes on as a challenger.
    """
    reigns = await GateStore(connection).reigns(series, by=at)
    return configured.under(reigns[0].champion, shadowed=(reigns[0].previous,)) if reigns else configured
