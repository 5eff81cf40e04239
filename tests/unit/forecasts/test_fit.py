from pathlib import Path

import numpy as np
import pytest

from btcforecast.core import Candles, Origin, Series
from btcforecast.core.errors import InputError, NotFoundError
from btcforecast.forecasts.fit import fit_models
from btcforecast.forecasts.ledger import Ledger, Signer
from btcforecast.forecasts.registry import ModelRegistry
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.model_versions import ModelVersionStore

AT = 1_764_547_200
SERIES = Series("kraken", "BTC/USD")


@pytest.fixture
async def stored(database: Database) -> Database:
    """A database with 70 days of candles that end at AT."""
    rng = np.random.default_rng(0)
    opened_at = np.arange(AT - 70 * 86400, AT, 300)
    close = 90_000 * np.exp(np.cumsum(rng.normal(0, 0.001, len(opened_at))))
    candles = Candles(opened_at, close, close, close, close, np.ones(len(close)))
    async with database.transaction() as connection:
        await CandleStore(connection).write(SERIES, candles, recorded_at=AT)
    return database


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models", Signer.generate())


async def test_a_fit_is_on_disk_in_the_table_and_in_the_ledger(stored: Database, registry: ModelRegistry):
    told: list[str] = []

    [version] = await fit_models(stored, registry, SERIES, ["random_walk"], until=AT, now=AT + 60, on_fitted=told.append)

    assert told == ["random_walk"]
    assert (version.trained_from, version.trained_until) == (AT - 70 * 86400, AT)
    assert registry.newest("random_walk", SERIES) == version
    assert registry.load(version.name).spot > 0
    async with stored.read() as connection:
        [row] = await ModelVersionStore(connection).list_versions(series=SERIES, model="random_walk")
        entry = (await Ledger(connection, Origin.LIVE).entry(0)).entry
    assert (row.version, row.status, row.manifest) == (version.name, "ready", version.note)
    assert (entry.kind, entry.body["version"], entry.body["state_digest"]) == (
        "model_version",
        version.name,
        version.state_digest,
    )


async def test_fitting_again_changes_nothing(stored: Database, registry: ModelRegistry):
    first = await fit_models(stored, registry, SERIES, ["random_walk"], until=AT, now=AT)
    again = await fit_models(stored, registry, SERIES, ["random_walk"], until=AT, now=AT + 3600)

    assert again == first
    async with stored.read() as connection:
        assert await Ledger(connection, Origin.LIVE).size() == 1


async def test_a_fit_sees_only_what_had_closed_by_then(stored: Database, registry: ModelRegistry):
    [version] = await fit_models(stored, registry, SERIES, ["random_walk"], until=AT - 86400 + 299, now=AT, since=AT - 60 * 86400)

    assert (version.trained_from, version.trained_until) == (AT - 60 * 86400, AT - 86400)


async def test_without_candles_nothing_is_fitted(stored: Database, registry: ModelRegistry):
    with pytest.raises(NotFoundError, match="import or ingest"):
        await fit_models(stored, registry, Series("okx", "BTC/USD"), ["random_walk"], until=AT, now=AT)


@pytest.mark.parametrize(
    ("names", "span", "sentence"),
    [
        (["ewma"], (None, AT + 300), "still to come"),
        (["ewma"], (AT - 300, AT - 600), "ends after it begins"),
        (["ewma", "ewma"], (None, AT), "names one twice"),
    ],
)
async def test_a_fit_that_cannot_be_is_refused(
    stored: Database, registry: ModelRegistry, names: list[str], span: tuple[int | None, int], sentence: str
):
    with pytest.raises(InputError, match=sentence):
        await fit_models(stored, registry, SERIES, names, until=span[1], now=AT, since=span[0])


async def test_a_recorded_version_can_be_refused_and_found(stored: Database, registry: ModelRegistry):
    [version] = await fit_models(stored, registry, SERIES, ["random_walk"], until=AT, now=AT)
    async with stored.transaction() as connection:
        await ModelVersionStore(connection).set_status(version.name, "refused")

    async with stored.read() as connection:
        found = await ModelVersionStore(connection).find(version.name)
        assert found is not None
        assert found.status == "refused"
        assert await ModelVersionStore(connection).find("none") is None
