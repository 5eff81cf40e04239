from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core import Candles, Interval, Series
from btcforecast.core.errors import InputError
from btcforecast.market.files import CandleFile, Reason, Rejected, read_candles, series_of
from btcforecast.market.files.times import UNREADABLE, to_milliseconds

START = 1_704_067_200
"""2024-01-01T00:00:00Z"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def rejected_of(path: Path, *, now: int | None = None, interval: str | None = None) -> list[tuple[int, Reason]]:
    file = CandleFile(path, now=now, interval=Interval.parse(interval) if interval else None)
    return [(row.line, row.reason) for chunk in file.chunks() for row in chunk.rejected]


def rows(n: int, *, step: int = 300, start: int = START) -> list[tuple[int, float, float, float, float, float]]:
    return [(start + step * i, 100 + i, 103.5 + i, 99 + i, 102 + i, 1 + i / 4) for i in range(n)]


EXPECTED = Candles(*(np.array(column) for column in zip(*rows(4), strict=True)))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("timestamp,open,high,low,close,volume", "{iso},{o},{h},{l},{c},{v}"),
        ("Date,Open,High,Low,Close,Adj Close,Volume", "{iso},{o},{h},{l},{c},{c},{v}"),
        ("Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency)", "{s},{o},{h},{l},{c},{v},9"),
        ("time,low,high,open,close,volume", "{s},{l},{h},{o},{c},{v}"),
        ("https://vendor.example\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD", "{ms},x,y,{o},{h},{l},{c},{v},9"),
        ("Open time;Open;High;Low;Close;Volume;Close time", "{us};{o};{h};{l};{c};{v};1"),
        ('"Open Time"\t"OPEN"\t"HIGH"\t"LOW"\t"CLOSE"\t"VOLUME"', '"{iso}"\t"{o}"\t"{h}"\t"{l}"\t"{c}"\t"{v}"'),
        ("<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>", "{day},{clock},{o},{h},{l},{c},5,{v}"),
        ("t,o,h,l,c,v", "{ns},{o},{h},{l},{c},{v}"),
        (None, "{ms},{o},{h},{l},{c},{v},1,2,3,4,5,0"),
        (None, "{s},{o},{h},{l},{c},{v},3"),
    ],
)
def test_names_and_times_of_many_sources_are_recognised(tmp_path: Path, header: str | None, row: str):
    lines = [header] if header else []
    for at, o, h, l, c, v in rows(4):  # noqa: E741  # the letters that the formats use
        minute = (at - START) // 60
        lines.append(
            row.format(
                iso=f"2024-01-01 00:{minute:02}:00",
                day="2024.01.01",
                clock=f"00:{minute:02}:00",
                s=at,
                ms=at * 1000,
                us=at * 10**6,
                ns=at * 10**9,
                o=o,
                h=h,
                l=l,
                c=c,
                v=v,
            )
        )
    assert read_candles(write(tmp_path / "x.csv", "\n".join(lines) + "\n")).digest() == EXPECTED.digest()


def csv_of(candles: list[tuple[int, float, float, float, float, float]]) -> str:
    return "time,open,high,low,close,volume\n" + "".join(",".join(map(str, row)) + "\n" for row in candles)


def test_gzip_byte_order_mark_carriage_returns_and_no_last_newline_are_taken(tmp_path: Path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + csv_of(rows(4)).strip().replace("\n", "\r\n").encode()))
    assert read_candles(path).digest() == EXPECTED.digest()


def test_newest_first_is_put_in_order(tmp_path: Path):
    assert read_candles(write(tmp_path / "x.csv", csv_of(rows(4)[::-1]))).digest() == EXPECTED.digest()


def test_without_volumes_they_are_zero(tmp_path: Path):
    text = "time,open,high,low,close\n" + "".join(",".join(map(str, row[:5])) + "\n" for row in rows(4))
    assert read_candles(write(tmp_path / "x.csv", text)).volume.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("kind", ["us", "ms", "ns"])
def test_parquet_in_any_time_unit(tmp_path: Path, kind: str):
    frame = pl.DataFrame(rows(4), schema=["timestamp", "open", "high", "low", "close", "volume"], orient="row")
    frame = frame.with_columns(pl.from_epoch("timestamp", "s").cast(pl.Datetime(kind, "UTC")))  # type: ignore[arg-type]
    frame.write_parquet(tmp_path / "x.parquet")
    assert read_candles(tmp_path / "x.parquet").digest() == EXPECTED.digest()


def test_parquet_with_whole_numbers_and_nulls(tmp_path: Path):
    pl.DataFrame(
        {
            "open_time": [START * 1000, (START + 300) * 1000, None],
            "open": [1, 1, 1],
            "high": [2, 2, 2],
            "low": [1, 1, 1],
            "close": [1, None, 1],
        }
    ).write_parquet(tmp_path / "x.parquet")
    assert rejected_of(tmp_path / "x.parquet") == [(2, Reason.NUMBER), (3, Reason.TIME)]


def test_every_fault_is_named_by_its_line(tmp_path: Path):
    good = "1,2,0.5,1.5,3"
    lines = {
        1: "time,open,high,low,close,volume",
        2: f"{START},{good}",
        3: f"{START + 300},1,0.5,2,1.5,3",
        4: f"{START + 300},-1,2,0.5,1.5,3",
        5: f"{START + 300},1,2,0,1.5,3",
        6: f"{START + 300},1,nan,0.5,1.5,3",
        7: f"{START + 300},1,,0.5,1.5,3",
        8: f"{START + 300},1,2,0.5,1.5,-3",
        9: f"{START + 300},1,2,0.5,2.5,3",
        10: f"{START + 301},{good}",
        11: f"{START},{good}",
        12: "",
        13: f"yesterday,{good}",
        14: f"{START + 300},{good},7",
        15: f"{START + 300},1,2",
        16: f"{START + 3000},{good}",
        17: f"{START + 300},1,inf,0.5,1.5,3",
        18: f"{START + 600},{good}",
    }
    path = write(tmp_path / "x.csv", "\n".join(lines.values()) + "\n")
    assert rejected_of(path, now=START + 3000 + 299, interval="5m") == [
        (3, Reason.HIGH_BELOW_LOW),
        (4, Reason.NOT_POSITIVE),
        (5, Reason.NOT_POSITIVE),
        (6, Reason.NUMBER),
        (7, Reason.NUMBER),
        (8, Reason.NEGATIVE_VOLUME),
        (9, Reason.OUTSIDE),
        (10, Reason.OFF_GRID),
        (11, Reason.DUPLICATE),
        (13, Reason.TIME),
        (14, Reason.TORN),
        (15, Reason.TORN),
        (16, Reason.FUTURE),
        (17, Reason.NUMBER),
    ]
    seen: list[Rejected] = []
    candles = read_candles(path, now=START + 3299, on_rejected=seen.extend)
    assert candles.opened_at.tolist() == [START, START + 600]
    assert len(seen) == 14
    assert str(seen[0]) == "line 3: high below low (2024-01-01T00:05:00Z open 1 high 0.5 low 2 close 1.5 volume 3)"


def test_the_candle_that_closes_now_is_taken(tmp_path: Path):
    path = write(tmp_path / "x.csv", csv_of(rows(4)))
    assert rejected_of(path, now=START + 1200) == []
    assert rejected_of(path, now=START + 1199) == [(5, Reason.FUTURE)]


@pytest.mark.parametrize("order", [1, -1])
def test_one_minute_candles_are_joined_and_those_at_the_edges_only_when_whole(tmp_path: Path, order: int):
    minutes = rows(23, step=60, start=START + 120)
    del minutes[9]
    lines = minutes[::order]
    candles = read_candles(write(tmp_path / "x.csv", csv_of(lines)), on_rejected=lambda _: None)
    by_bucket = {
        at: [row for row in minutes if row[0] // 300 * 300 == at] for at in (START + 300, START + 600, START + 900, START + 1200)
    }
    assert candles.opened_at.tolist() == list(by_bucket)
    assert candles.open.tolist() == [part[0][1] for part in by_bucket.values()]
    assert candles.high.tolist() == [max(row[2] for row in part) for part in by_bucket.values()]
    assert candles.low.tolist() == [min(row[3] for row in part) for part in by_bucket.values()]
    assert candles.close.tolist() == [part[-1][4] for part in by_bucket.values()]
    assert candles.volume.tolist() == pytest.approx([sum(row[5] for row in part) for part in by_bucket.values()])


def test_the_unfinished_edges_of_one_minute_candles_are_told(tmp_path: Path):
    minutes = rows(11, step=60, start=START + 60)
    path = write(tmp_path / "x.csv", csv_of(minutes))
    assert rejected_of(path) == [(line, Reason.UNFINISHED) for line in (2, 3, 4, 5, 11, 12)]


def test_pieces_of_a_file_join_seamlessly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    minutes = rows(300, step=60)
    path = write(tmp_path / "x.csv", csv_of([*minutes, minutes[7]]))
    whole = read_candles(path, on_rejected=lambda _: None)
    monkeypatch.setattr("btcforecast.market.files.csvfile._PIECE_BYTES", 250)
    assert read_candles(path, on_rejected=lambda _: None).digest() == whole.digest()
    assert len(whole) == 60
    assert rejected_of(path) == [(302, Reason.DUPLICATE)]


def test_pieces_of_a_backward_file_join_seamlessly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    minutes = rows(300, step=60)
    path = write(tmp_path / "x.csv", csv_of(minutes[::-1]))
    monkeypatch.setattr("btcforecast.market.files.csvfile._PIECE_BYTES", 250)
    assert len(read_candles(path)) == 60
    assert rejected_of(path) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is a PNG image"),
        (b"PK\x03\x04abc", "is a zip archive"),
        (b"\xff\xfet\0i\0", "UTF-16"),
        (b"<!DOCTYPE html><html>", "is a page of HTML"),
        (b"time,open\0,high", "bytes that no CSV file has"),
        (b"PAR1 and no more", "cut short"),
        (b"time,price\n1,2\n", "no column for open, high, low, close. It has the columns time, price"),
        (b"time,open,high,low,close\n", "has a header and no rows"),
        (b"time,open,high,low,close\n1704067200,2,1,3,2\n", "no usable candle in 1 rows; line 2: high below low"),
        (b"\x1f\x8brubbish", "cannot be unpacked"),
        (gzip.compress(b"time,open,high,low,close\n" * 9, mtime=0)[:-12], "cannot be unpacked"),
        (b"time,open,high,low,close\n" + b"1" * 70_000, "a line longer than 65,536 bytes"),
        (csv_of(rows(5, step=3600)).encode(), "holds 1h candles, and 5m ones cannot be made of coarser ones"),
        (csv_of(rows(5, step=180)).encode(), "holds 3m candles, and 5m ones cannot be joined from them evenly"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(tmp_path: Path, content: bytes, sentence: str):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_candles(path)
    assert sentence in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="There is no file"):
        read_candles(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_candles(tmp_path)


def test_a_bomb_of_one_endless_line_is_refused_without_unpacking_it(tmp_path: Path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"time,open,high,low,close\n" + b"0" * 50_000_000))
    with pytest.raises(InputError, match="a line longer"):
        read_candles(path)


@given(st.integers(100_000_000, 50_000_000_000), st.sampled_from([1, 1000, 10**6]))
def test_unix_times_are_told_by_their_size(at: int, per_second: int):
    assert to_milliseconds(pl.Series([at * per_second])).tolist() == [at * 1000]
    assert to_milliseconds(pl.Series([str(at * per_second)])).tolist() == [at * 1000]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2024-01-01", 0),
        ("2024/01/01 00:05", 300),
        ("2024-01-01T00:05Z", 300),
        ("2024-01-01T00:05:00.000Z", 300),
        ("2024-01-01 00:05:00 UTC", 300),
        ("2024-01-01 02:05:00+02:00", 300),
        ("2023-12-31 22:35:00-0130", 300),
        ("2024-01-01 00:05:00+00", 300),
        (" '2024-01-01 00:05:00' ", 300),
    ],
)
def test_written_times_are_read_as_utc_unless_they_name_a_zone(text: str, seconds: int):
    assert to_milliseconds(pl.Series([text])).tolist() == [(START + seconds) * 1000]


@pytest.mark.parametrize(
    "text", ["", "now", "2024-13-01", "2024-01-01 25:00:00", "01/02/2024", "12", "2024-01-01 00:00:00 EST", None]
)
def test_what_is_no_time_is_unreadable(text: str | None):
    assert to_milliseconds(pl.Series([text], dtype=pl.String)).tolist() == [UNREADABLE]


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("binance_BTCUSDT_5m.parquet", Series("binance", "BTC/USDT")),
        ("Coinbase_BTCUSD_minute.csv", Series("coinbase", "BTC/USD")),
        ("BTCUSDT-5m-2024-01.csv", Series("binance", "BTC/USDT")),
        ("kraken_ETHEUR.csv.gz", Series("kraken", "ETH/EUR")),
    ],
)
def test_a_file_name_tells_the_series(name: str, series: Series):
    assert series_of(Path(name), venue=None, symbol=None) == series
    assert series_of(Path(name), venue="Kraken", symbol="btc-usd") == Series("kraken", "BTC/USD")


@pytest.mark.parametrize(
    ("name", "missing"),
    [("prices.csv", "--venue and --symbol"), ("my_BTCUSD.csv", "--venue,"), ("binance_data_5m.csv", "--venue")],
)
def test_a_name_that_does_not_tell_is_asked_for(name: str, missing: str):
    with pytest.raises(InputError) as caught:
        series_of(Path(name), venue=None, symbol=None)
    assert missing in str(caught.value)


def test_nothing_is_imported_as_simulated():
    with pytest.raises(InputError, match="kept for generated candles"):
        series_of(Path("x.csv"), venue="simulated", symbol="BTC/USD")


def test_real_candles_are_read_whole(market_data: Path):
    candles = read_candles(market_data / "binance_BTCUSDT_5m.parquet")
    assert len(candles) == 879_241
    assert len(candles.missing()) == 1_703
