"""Any exchange that ccxt knows, as a Venue.

ccxt costs 100 MB and a second to import, so it is loaded when the first call is made and never before.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

from btcforecast.core import BASE, Candles, Clock
from btcforecast.core.errors import InputError, VenueError
from btcforecast.market.checks import NonsenseError, check_rows
from btcforecast.market.faults import Answer, Fault
from btcforecast.market.resilience import CallPolicy, Guard
from btcforecast.market.venue import Page, PriceTick
from btcforecast.market.venues.quirks import STAND_IN_QUOTES, quirks_of
from btcforecast.market.venues.translate import fault_of, has_rows, redirect
from btcforecast.store.venues import VenueState
from btcforecast.telemetry import metrics

Result = TypeVar("Result")
_TIMEFRAME: Final = str(BASE)
_SETTLE_S: Final = 2
"""Trades of a candle's last instant reach the venue's books a moment after its close."""
_N_PER_PAGE: Final = 100
"""What every venue seen gives in one answer; used where neither we nor ccxt know better."""


class CcxtVenue:
    """One exchange: one ccxt instance, so that its rate limit is kept across all calls, and one guard."""

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        address: str | None = None,
        policy: CallPolicy | None = None,
        is_paced: bool = True,
    ) -> None:
        """Stand for the exchange that ccxt calls `name`, at another `address` where one is given.

        `is_paced=False` drops the rate limit, for a server of one's own.
        """
        self._name: Final = name
        self._clock: Final = clock
        self._address: Final = address
        self._policy: Final = policy or CallPolicy()
        self._is_paced: Final = is_paced
        self._quirks: Final = quirks_of(name)
        self._guard: Final = Guard(name, clock, self._policy)
        # ccxt keeps the last answer on the instance, so one call at a time.
        self._turn: Final = asyncio.Lock()
        self._exchange: Any = None
        self._listed: Final[dict[str, dict[str, Any]]] = {}
        self._dated_at: int | None = None

    @property
    def name(self) -> str:
        """Return ccxt's name of the exchange."""
        return self._name

    @property
    def n_reachable(self) -> int | None:
        """Return how many of the newest candles the exchange gives at all; None for its whole history."""
        return self._quirks.n_reachable

    @property
    def state(self) -> VenueState:
        """Return how the exchange is doing."""
        return self._guard.state

    def restore(self, state: VenueState) -> None:
        """Take up what an earlier process knew."""
        self._guard.restore(state)

    async def listed_as(self, symbol: str) -> str:
        """Return the exchange's own symbol for what is asked: the same, or its dollar token's."""
        await self._open()
        return str((await self._guard.call("markets", lambda: self._market(symbol)))["symbol"])

    async def pages(self, symbol: str, *, opened_from: int, opened_before: int) -> AsyncIterator[Page]:
        """Yield the finished candles opened in [opened_from, opened_before) page by page, oldest first."""
        # Loading ccxt takes seconds, and no deadline of a call should pay for that.
        await self._open()
        now = self._clock.now()
        end = min(opened_before, BASE.floor(now - _SETTLE_S))
        at = -(-opened_from // BASE.seconds) * BASE.seconds
        if self.n_reachable is not None:
            # The candle still forming counts among the newest.
            at = max(at, BASE.floor(now) - (self.n_reachable - 1) * BASE.seconds)
        while at < end:
            before = min(at + await self._span(), end)
            yield await self._guard.call("candles", partial(self._page, symbol, at, before))
            at = before

    async def fetch_candles(self, symbol: str, *, opened_from: int, opened_before: int) -> Candles:
        """Return the finished candles opened in [opened_from, opened_before), oldest first."""
        pages = self.pages(symbol, opened_from=opened_from, opened_before=opened_before)
        return Candles.concat([page.candles async for page in pages])

    async def fetch_price(self, symbol: str) -> PriceTick:
        """Return the newest price, asked for over HTTP."""
        await self._open()
        return await self._guard.call("price", lambda: self._ticker(symbol))

    async def watch_price(self, symbol: str) -> AsyncIterator[PriceTick]:
        """Yield prices as they trade over the exchange's websocket; raises VenueError when it breaks or offers none."""
        await self.listed_as(symbol)
        exchange, listed = self._exchange, self._listed[symbol]["symbol"]
        if not exchange.has.get("watchTrades"):
            raise VenueError(f"{self._name} has no stream of trades.", venue=self._name)
        try:
            while True:
                trades = await exchange.watch_trades(listed)
                for trade in trades[-1:]:
                    yield PriceTick(float(trade["price"]), int(trade["timestamp"]), "websocket")
        except (InputError, TypeError, ValueError, KeyError) as e:
            raise VenueError(f"{self._name} streams trades that cannot be read.", venue=self._name) from e
        except Exception as e:
            if isinstance(e, VenueError):
                raise
            raise VenueError(f"The stream of {self._name} broke: {fault_of(e)}.", venue=self._name) from e
        finally:
            # A broken connection is not reused: ccxt would wait on it for its own ping timeout.
            with suppress(Exception):
                await exchange.close_ws_clients()

    async def close(self) -> None:
        """Give the connections back; safe to call twice."""
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            self._listed.clear()
            await exchange.close()

    async def _span(self) -> int:
        """Return the seconds that one page covers."""
        n = self._quirks.n_per_page
        if n is None:
            exchange = await self._open()
            spot = (exchange.features or {}).get("spot") or {}
            n = (spot.get("fetchOHLCV") or {}).get("limit")
        return min(n or _N_PER_PAGE, 1000) * BASE.seconds

    async def _page(self, symbol: str, opened_from: int, opened_before: int) -> Page:
        exchange = await self._open()
        market = await self._market(symbol)
        n = (opened_before - opened_from) // BASE.seconds

        async def fetch() -> tuple[Any, Any, int | None]:
            rows = await exchange.fetch_ohlcv(market["symbol"], _TIMEFRAME, opened_from * 1000, n)
            return rows, exchange.last_json_response, self._dated_at

        rows, answer, dated_at = await self._ask(fetch)
        if self._quirks.rows_at is not None and not has_rows(answer, self._quirks.rows_at):
            raise Fault("not_data", "its answer holds no list of candles")
        now = self._clock.now()
        # Where the venue's clock is behind ours, what we hold for closed is still forming there.
        closed_by = (now if dated_at is None else min(now, dated_at)) - _SETTLE_S
        try:
            page = check_rows(rows, opened_from=opened_from, opened_before=opened_before, closed_by=closed_by)
        except NonsenseError as e:
            raise Fault("not_data", str(e)) from e
        for reason, n_rows in page.n_rejected.items():
            metrics.venue_rows_rejected.labels(self._name, reason).inc(n_rows)
        return page

    async def _ticker(self, symbol: str) -> PriceTick:
        exchange = await self._open()
        market = await self._market(symbol)
        ticker = await self._ask(lambda: exchange.fetch_ticker(market["symbol"]))
        price, at_ms = ticker.get("last"), ticker.get("timestamp")
        if not isinstance(price, int | float) or not 0 < price < float("inf"):
            raise Fault("not_data", "its ticker holds no price")
        return PriceTick(float(price), int(at_ms or self._clock.now() * 1000), "poll")

    async def _market(self, symbol: str) -> dict[str, Any]:
        """Return ccxt's market for the symbol, loading the list once and keeping only what is used of it."""
        if symbol not in self._listed:
            exchange = await self._open()
            # The other thousands of markets would hold tens of megabytes.
            markets = await self._ask(lambda: exchange.load_markets(reload=True))
            found = next((markets[name] for name in _candidates(symbol) if name in markets), None)
            if found is not None:
                self._listed[symbol] = found
            exchange.set_markets(list({market["id"]: market for market in self._listed.values()}.values()) or [], {})
            exchange.markets_loading = None
            if found is None:
                raise Fault("refused", f"it does not list {symbol}")
        return self._listed[symbol]

    async def _ask(self, call: Callable[[], Awaitable[Result]]) -> Result:
        async with self._turn:
            try:
                return await call()
            except Fault:
                raise
            except Exception as e:
                raise fault_of(e) from e

    async def _open(self) -> Any:
        if self._exchange is None:
            ccxt = await asyncio.to_thread(importlib.import_module, "ccxt.pro")
            if self._name not in ccxt.exchanges:
                raise InputError(f"“{self._name}” is no exchange that ccxt knows; write its name as ccxt does, such as kraken.")
            # Prices and candles ask at the same moment at start: whoever waited for the import may find it opened meanwhile.
            if self._exchange is None:
                self._exchange = self._build(getattr(ccxt, self._name))
        return self._exchange

    def _build(self, kind: Any) -> Any:
        exchange = kind(
            {
                "enableRateLimit": self._is_paced,
                "timeout": int(self._policy.read_s * 1000),
                # A company's proxy is wanted on the way to an exchange, never on the way to an address of one's own.
                "aiohttp_trust_env": self._address is None,
                "options": dict(self._quirks.options),
            }
        )
        if _TIMEFRAME not in (exchange.timeframes or {}):
            raise InputError(f"{self._name} has no {_TIMEFRAME} candles.")
        # Names and fees of currencies are more requests that can fail, for nothing that is used here.
        exchange.has["fetchCurrencies"] = False
        exchange.enableLastJsonResponse = True
        exchange.on_rest_response = self._on_answer
        # ccxt's own would drop rows whose time it cannot read, and an answer of nothing but such rows would look like an outage.
        exchange.parse_ohlcvs = partial(_every_row, exchange)
        if self._address is not None:
            exchange.urls = {**exchange.urls, "api": redirect(exchange.urls["api"], self._address)}
            if self._address.startswith("http://"):
                # The pause at the end lets TLS connections close, and there are none.
                exchange.timeout_on_exit = 0
        return exchange

    def _on_answer(self, status: int, _reason: str, _url: str, _method: str, headers: dict[str, str], body: str, *_: Any) -> str:
        """See each HTTP answer before ccxt reads it; what cannot be data never gets that far."""
        answer = Answer(status, headers, body)
        now = self._clock.now()
        self._dated_at = answer.dated_at
        if self._dated_at is not None:
            metrics.venue_clock_skew.labels(self._name).set(self._dated_at - now)
        fault = answer.fault(now=now)
        if fault is not None:
            raise fault
        return body.strip()


def _every_row(exchange: Any, rows: Any, market: Any = None, *_: Any) -> list[Any]:
    if not isinstance(rows, list):
        raise Fault("not_data", "its answer holds no list of candles")
    return [exchange.parse_ohlcv(row, market) for row in rows]


def _candidates(symbol: str) -> tuple[str, ...]:
    base, quote = symbol.split("/")
    return (symbol, *(f"{base}/{other}" for other in STAND_IN_QUOTES.get(quote, ())))
