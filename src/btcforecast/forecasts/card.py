"""Model cards: what a version was made from, how it did on data that it had not seen, and when not to use it.

After Mitchell et al. 2019 (Model Cards for Model Reporting, doi:10.1145/3287560.3287596). A card is made at the fit and signed with the version.
"""

from __future__ import annotations

from typing import Any, Final

from btcforecast.core import BASE, Calendar, Candles, to_rfc3339
from btcforecast.engine.backtest.held_out import HELD_OUT_DAYS, held_out
from btcforecast.engine.models.contract import Model

LIMITS: Final = (
    "Laws are symmetric and free of drift: they say how far the price may go, not where to.",
    "Fitted to one venue's five-minute closes; another venue's price can differ.",
    "Beyond a day the skill over simple models is small, and at 30 days none is proven.",
)
NOT_FOR: Final = (
    "Choosing a direction: no direction survived testing on data not seen.",
    "Markets or symbols other than the one that it was fitted to.",
    "Decisions that rest on a single tail beyond the 99.9 % level: past data hold few such moves.",
)


def warnings_of(model_class: type[Model], history: Candles) -> list[str]:
    """Return what is to be said of a fit to this history, in plain sentences."""
    if len(history) >= model_class.recommended_candles:
        return []
    days, wanted = len(history) * BASE.seconds / 86400, model_class.recommended_candles * BASE.seconds / 86400
    warning = (
        f"{model_class.name} is fitted to {days:,.0f} days of candles; its slow scales need about {wanted:,.0f} days. "
        f"Import or ingest more history."
    )
    return [warning]


def card_of(model_class: type[Model], history: Candles, *, calendar: Calendar, with_scores: bool) -> dict[str, Any]:
    """Return the card as plain data. with_scores: fit a second time, to all but the last 30 days, and score those."""
    n_expected = (history.as_of - int(history.opened_at[0])) // BASE.seconds
    card: dict[str, Any] = {
        "data": {
            "n_candles": len(history),
            "missing_percent": round(100 * (1 - len(history) / n_expected), 4),
            "n_events": len(calendar),
        },
        "warnings": warnings_of(model_class, history),
        "limits": [*model_class.limits, *LIMITS],
        "not_for": list(NOT_FOR),
    }
    found = held_out(model_class, history, calendar=calendar) if with_scores else ()
    if found:
        card["held_out"] = {
            "scored_from": to_rfc3339(history.as_of - HELD_OUT_DAYS * 86400),
            "scored_until": to_rfc3339(history.as_of),
            "horizons": [
                {
                    "horizon": str(score.horizon),
                    "n": score.n,
                    "crps_bps": score.crps_bps,
                    "coverage": {str(percent): share for percent, share in score.coverage.items()},
                }
                for score in found
            ],
        }
    return card
