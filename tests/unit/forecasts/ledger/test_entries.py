import hashlib
import json

import pytest

from btcforecast.core.errors import IntegrityError
from btcforecast.forecasts.ledger.canonical import canonical_json
from btcforecast.forecasts.ledger.entries import GENESIS, Entry, entry_hash

ENTRY = Entry(ledger="live", seq=0, kind="forecast", at=1_764_547_205, prev=GENESIS, body={"spot": 90000.0})


def test_bytes_of_an_entry_are_these():
    zeros = "0" * 64
    assert ENTRY.encode() == (
        f'{{"at":"2025-12-01T00:00:05Z","body":{{"spot":90000}},"kind":"forecast","ledger":"live","prev":"{zeros}","seq":0}}'.encode()
    )


def test_hash_keeps_the_chain_apart_from_the_tree():
    assert entry_hash(b"x") == hashlib.sha256(b"\x02x").digest()


def test_an_entry_survives_the_round_trip():
    assert Entry.parse(ENTRY.encode()) == ENTRY


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": -1},
        {"seq": True},
        {"seq": "0"},
        {"at": "2025-12-01"},
        {"at": "2025-12-01T00:00:05+00:00"},
        {"at": 5},
        {"prev": "00"},
        {"prev": "AB" * 32},
        {"body": []},
        {"ledger": 1},
        {"more": 1},
    ],
)
def test_an_entry_with_an_impossible_field_is_refused(changes: dict[str, object]):
    fields = {**json.loads(ENTRY.encode()), **changes}

    with pytest.raises(IntegrityError):
        Entry.parse(canonical_json(fields))


def test_an_entry_without_a_field_is_refused():
    with pytest.raises(IntegrityError, match="exactly the fields"):
        Entry.parse(b'{"seq":0}')
