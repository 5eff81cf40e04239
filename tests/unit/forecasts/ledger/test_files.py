"""What is exported can be verified from the files alone, and no change to them stays hidden."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.core import ManualClock, Origin
from btcforecast.core.errors import ConflictError, InputError, NotFoundError
from btcforecast.forecasts.ledger import Checkpoint, Entry, Signer, entry_hash, layout, leaf_hash
from btcforecast.forecasts.ledger.canonical import canonical_json
from btcforecast.forecasts.ledger.entries import GENESIS
from btcforecast.forecasts.ledger.export import export_ledgers
from btcforecast.forecasts.ledger.files import verify_files
from btcforecast.forecasts.ledger.merkle import Frontier
from btcforecast.forecasts.ledger.report import Report
from btcforecast.store.database import Database

Exported = tuple[Path, Signer]
ENTRIES = Path("live/entries-000000000000.jsonl")


@contextmanager
def copy_of(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        yield Path(shutil.copytree(folder, Path(place) / "record"))


def first_fault(report: Report) -> tuple[int | None, str]:
    assert not report.is_sound
    return report.faults[0].seq, report.faults[0].what


def rewrite(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = folder / ENTRIES
    path.write_bytes(b"".join(line + b"\n" for line in change(path.read_bytes().split(b"\n")[:-1])))


def forge(folder: Path, signer: Signer, change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> None:
    """Rewrite the live ledger as its own operator could: new bodies, new chain, new tree, new signatures."""
    lines = (folder / ENTRIES).read_bytes().split(b"\n")[:-1]
    frontier, prev, texts, notes = Frontier(), GENESIS, [], []
    signed = [Checkpoint.parse(json.loads(line).partition("\n\n")[0] + "\n").tree_size for line in checkpoint_lines(folder)]
    for line in lines:
        old = Entry.parse(line)
        text = Entry("live", old.seq, old.kind, old.at, prev, change(old.seq, json.loads(line)["body"])).encode()
        prev = entry_hash(text)
        frontier.add(leaf_hash(text))
        texts.append(text)
        if frontier.size in signed:
            notes.append(Checkpoint("btcforecast/live", frontier.size, frontier.root()).sign(signer))
    (folder / ENTRIES).write_bytes(b"".join(text + b"\n" for text in texts))
    (folder / "live" / layout.LEAVES).write_text("".join(leaf_hash(text).hex() + "\n" for text in texts))
    (folder / "live" / layout.CHECKPOINTS).write_bytes(b"".join(canonical_json(note) + b"\n" for note in notes))
    (folder / "live" / layout.CHECKPOINT).write_text(notes[-1])
    seal(folder, signer)


def seal(folder: Path, signer: Signer) -> None:
    (folder / layout.KEYS).write_text(layout.keys_text(layout.verifier_keys(signer)))
    text = layout.manifest_text(folder, layout.files_below(folder))
    (folder / layout.MANIFEST).write_text(signer.sign(text, name=layout.MANIFEST_NAME))


def checkpoint_lines(folder: Path) -> list[bytes]:
    return (folder / "live" / layout.CHECKPOINTS).read_bytes().split(b"\n")[:-1]


def test_an_export_is_sound_and_says_what_is_in_it(exported: Exported):
    folder, signer = exported
    told: list[tuple[int, int]] = []

    report = verify_files(folder, on_progress=lambda n_done, n_total: told.append((n_done, n_total)))

    assert report.faults == []
    live = report.ledgers[0]
    assert (live.ledger, live.n_entries, live.n_signed, live.n_checkpoints) == ("live", 7, 7, 4)
    assert (live.n_forecasts, live.n_scores) == (3, 3)
    assert live.n_by_kind == {"forecast": 3, "settlement": 2, "missed_cycle": 1, "correction": 1}
    assert report.key == str(signer.verifier_key("btcforecast/live"))
    assert told[-1][1] == 14
    assert verify_files(folder, public_key=signer.verifier_key("x").public_key).is_pinned


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_byte_anywhere_is_found(exported: Exported, data: st.DataObject):
    with copy_of(exported[0]) as folder:
        files = [*layout.files_below(folder), layout.MANIFEST]
        path = folder / data.draw(st.sampled_from(files))
        raw = bytearray(path.read_bytes())
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(raw)

        assert not verify_files(folder).is_sound


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_changed_entry_is_named(exported: Exported, data: st.DataObject):
    with copy_of(exported[0]) as folder:
        seq = data.draw(st.integers(0, 6))
        lines = (folder / ENTRIES).read_bytes().split(b"\n")
        raw = bytearray(lines[seq])
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        # A byte that became a newline makes one entry two; the first half is still the entry that is wrong.
        lines[seq] = bytes(raw)
        (folder / ENTRIES).write_bytes(b"\n".join(lines))

        assert first_fault(verify_files(folder))[0] == seq


@settings(max_examples=40, deadline=None)
@given(data=st.data(), how=st.sampled_from(["delete", "repeat", "swap", "truncate"]))
def test_entries_deleted_repeated_reordered_or_cut_off_are_found(exported: Exported, data: st.DataObject, how: str):
    at = data.draw(st.integers(0, 5))

    def change(lines: list[bytes]) -> list[bytes]:
        if how == "delete":
            return [*lines[:at], *lines[at + 1 :]]
        if how == "repeat":
            return [*lines[: at + 1], *lines[at:]]
        if how == "swap":
            return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
        return lines[:at]

    with copy_of(exported[0]) as folder:
        rewrite(folder, change)

        seq, what = first_fault(verify_files(folder))

    assert seq == (at + 1 if how == "repeat" else at)
    assert ("missing" if how == "truncate" else "deleted, repeated or put in another order") in what


def test_a_file_cut_in_the_middle_of_a_line_is_found(exported: Exported):
    with copy_of(exported[0]) as folder:
        path = folder / ENTRIES
        os.truncate(path, path.stat().st_size - 10)

        seq, what = first_fault(verify_files(folder))

    assert seq == 6
    assert "missing or cut off" in what


@pytest.mark.parametrize(
    "name", ["live", "live/entries-000000000000.jsonl", "live/leaves.txt", "live/checkpoint", "KEYS.txt", "MANIFEST.txt"]
)
def test_a_missing_file_is_found(exported: Exported, name: str):
    with copy_of(exported[0]) as folder:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

        assert not verify_files(folder).is_sound


def test_an_export_without_its_keys_says_which_file_is_missing(exported: Exported):
    with copy_of(exported[0]) as folder:
        (folder / "KEYS.txt").unlink()
        report = verify_files(folder)
    assert f"There is no file {folder / 'KEYS.txt'}." in [fault.what for fault in report.faults]


def test_a_file_that_was_put_in_is_found(exported: Exported):
    with copy_of(exported[0]) as folder:
        (folder / "live" / "entries-000000000007.jsonl").write_bytes(b"")

        assert "does not list live/entries-000000000007.jsonl" in first_fault(verify_files(folder))[1]


def test_signatures_of_another_key_are_found_by_who_knows_the_right_one(exported: Exported):
    with copy_of(exported[0]) as folder:
        forge(folder, Signer.generate(), lambda _, body: body)
        shutil.rmtree(folder / "replayed")
        seal(folder, Signer.generate())

        report = verify_files(folder, public_key=exported[1].verifier_key("x").public_key)

    assert any("another key than the one that you gave" in fault.what for fault in report.faults)


def test_a_checkpoint_signed_by_another_key_is_found(exported: Exported):
    with copy_of(exported[0]) as folder:
        lines = checkpoint_lines(folder)
        text = json.loads(lines[1]).partition("\n\n")[0] + "\n"
        lines[1] = canonical_json(Signer.generate().sign(text, name="btcforecast/live"))
        (folder / "live" / layout.CHECKPOINTS).write_bytes(b"".join(line + b"\n" for line in lines))
        seal(folder, exported[1])

        report = verify_files(folder)

    assert report.faults[0].where == "live, checkpoint 1"
    assert "not by btcforecast/live" in report.faults[0].what


def test_a_signed_history_that_contradicts_an_earlier_checkpoint_is_found(exported: Exported):
    def change(seq: int, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "reason": "Another reason."} if seq == 4 else body

    kept = json.loads(checkpoint_lines(exported[0])[2])
    with copy_of(exported[0]) as folder:
        forge(folder, exported[1], change)
        alone, with_witness = verify_files(folder), verify_files(folder, witnessed=kept)

    assert alone.is_sound
    assert "two histories were signed" in str(with_witness.faults[0])


@pytest.mark.parametrize("kept", ["", "garbage\n", "somebody/else\n1\n"])
def test_a_kept_text_that_is_no_checkpoint_is_refused(exported: Exported, kept: str):
    with pytest.raises(InputError, match="not a checkpoint of a ledger"):
        verify_files(exported[0], witnessed=kept)


def test_a_ledger_that_went_missing_is_found_by_the_checkpoint_kept_of_it(exported: Exported):
    kept = Checkpoint("btcforecast/replayed", 3, bytes(32)).sign(exported[1])

    with copy_of(exported[0]) as folder:
        shutil.rmtree(folder / "replayed")
        seal(folder, exported[1])
        alone, with_witness = verify_files(folder), verify_files(folder, witnessed=kept)

    assert alone.is_sound
    assert "it is not here" in str(with_witness.faults[0])


def test_a_checkpoint_that_does_not_follow_from_the_entries_is_found(exported: Exported):
    with copy_of(exported[0]) as folder:
        lines = checkpoint_lines(folder)
        lines[1] = canonical_json(Checkpoint("btcforecast/live", 3, bytes(32)).sign(exported[1]))
        (folder / "live" / layout.CHECKPOINTS).write_bytes(b"".join(line + b"\n" for line in lines))
        seal(folder, exported[1])

        seq, what = first_fault(verify_files(folder))

    assert seq == 2
    assert "entries 1 to 2 hold a change" in what


def scored(body: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {**body, "scores": [{**body["scores"][0], **changes}]}


@pytest.mark.parametrize(
    ("seq", "change", "expected"),
    [
        (1, lambda body: scored(body, crps_bps=body["scores"][0]["crps_bps"] * 0.999), "“crps_bps” is"),
        (1, lambda body: scored(body, log_score=0.5), "“log_score” is"),
        (1, lambda body: scored(body, pit=0.5), "“pit” is"),
        (1, lambda body: scored(body, covered={}), "“covered” of"),
        (
            1,
            lambda body: scored(body, interval_score_bps=dict.fromkeys(("50", "80", "90", "95"), 1.0)),
            "“interval_score_bps.50” is",
        ),
        (1, lambda body: {**body, "close": body["close"] + 1}, "“log_return” is"),
        (1, lambda body: {**body, "target_at": "2025-12-01T02:00:00Z"}, "does not fit the forecast"),
        (1, lambda body: {**body, "symbol": "ETH/USD"}, "does not fit the forecast"),
        (1, lambda body: {**body, "horizon": "12h"}, "no open forecast of that horizon"),
        (1, lambda body: {**body, "log_return": None}, "score without an outcome"),
        (1, lambda body: {name: value for name, value in body.items() if name != "scores"}, "lacks a field"),
        (3, lambda body: scored(body, entry=0), "no open forecast"),
        (5, lambda body: {**body, "corrects": [3]}, "did not settle"),
        (5, lambda body: {**body, "corrects": [9]}, "names 9 as an earlier entry"),
        (5, lambda body: scored(body, crps_bps=1.0), "“crps_bps” is"),
        (2, lambda body: {**body, "as_of": "2025-12-01T00:00:00Z"}, "not sealed between"),
        (2, lambda body: {**body, "as_of": "2025-12-01T02:00:00Z"}, "not sealed between"),
        (2, lambda body: {**body, "forecast": f"f{0:024d}"}, "was sealed before"),
        (0, lambda body: {**body, "quantiles": {"1h": [0.1, 0.0]}}, "105 finite, strictly increasing"),
    ],
)
def test_a_signed_record_whose_figures_are_wrong_is_found(
    exported: Exported, seq: int, change: Callable[[dict[str, Any]], dict[str, Any]], expected: str
):
    with copy_of(exported[0]) as folder:
        forge(folder, exported[1], lambda at, body: change(body) if at == seq else body)

        found, what = first_fault(verify_files(folder))

    assert found == seq
    assert expected in what


async def test_an_export_goes_to_an_empty_folder_only(database: Database, exported: Exported):
    with pytest.raises(ConflictError, match="not an empty folder"):
        await export_ledgers(database, exported[0], origins=list(Origin), signer=exported[1], clock=ManualClock(0))


async def test_an_empty_ledger_is_not_exported(database: Database, tmp_path: Path):
    with pytest.raises(NotFoundError, match="nothing to export"):
        await export_ledgers(database, tmp_path / "x", origins=list(Origin), signer=Signer.generate(), clock=ManualClock(0))
    assert not (tmp_path / "x").exists()


def test_what_is_no_folder_cannot_be_verified(tmp_path: Path):
    with pytest.raises(InputError, match="not a folder"):
        verify_files(tmp_path / "none")


def test_an_empty_folder_is_no_record(tmp_path: Path):
    assert "there is no ledger in it" in [fault.what for fault in verify_files(tmp_path).faults]
