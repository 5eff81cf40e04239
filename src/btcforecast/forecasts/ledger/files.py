"""Verifies exported files, and nothing but them: no database, no settings, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from btcforecast.core import Origin
from btcforecast.core.errors import BtcForecastError, InputError, IntegrityError
from btcforecast.forecasts.ledger import layout
from btcforecast.forecasts.ledger.audit import LedgerAudit, unmet_witness
from btcforecast.forecasts.ledger.canonical import parse_canonical
from btcforecast.forecasts.ledger.notes import VerifierKey
from btcforecast.forecasts.ledger.report import Fault, LedgerReport, Report, Teller

_TELL_EVERY: Final = 200


def verify_files(
    folder: Path,
    *,
    public_key: bytes | None = None,
    witnessed: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check an export and return what was found, the first wrong entry first.

    public_key: the one that must have signed; without it the export's own is taken, which proves that nothing was changed since it
    was signed, but not by whom. witnessed: a checkpoint that the caller kept from earlier and that must still be true.
    """
    if not folder.is_dir():
        message = f"{folder} is not a folder; name the one that `btcforecast ledger export` wrote."
        raise InputError(message)
    faults: list[Fault] = []
    keys, own_fault = _keys(folder, public_key)
    ledgers = [origin for origin in Origin if (folder / origin.value).exists()]
    faults += unmet_witness(witnessed, audited=ledgers)
    n_total = sum(_count_lines(folder / origin.value / layout.LEAVES) for origin in ledgers)
    reports: list[LedgerReport] = []
    for origin in ledgers:
        tell = Teller(on_progress, n_before=sum(report.n_entries for report in reports), n_total=n_total)
        report = _verify_ledger(folder / origin.value, origin, keys, witnessed=witnessed, tell=tell)
        reports.append(report)
        faults += report.faults
    faults += own_fault
    if not ledgers:
        faults.append(Fault(str(folder), "there is no ledger in it"))
    try:
        layout.check_manifest(folder, keys)
    except (IntegrityError, OSError) as e:
        faults.append(Fault(layout.MANIFEST, _why(e)))
    return Report(reports, faults, str(keys[0]) if keys else None, is_pinned=public_key is not None)


def _keys(folder: Path, public_key: bytes | None) -> tuple[list[VerifierKey], list[Fault]]:
    """Return the keys to check with, and what is wrong with the export's own file of them."""
    try:
        text = (folder / layout.KEYS).read_bytes().decode()
        told = [VerifierKey.parse(line) for line in text.splitlines()]
        if not told or layout.keys_text(layout.keys_of(told[0].public_key)) != text:
            message = "It is not written as it must be."
            raise IntegrityError(message)
    except (OSError, UnicodeDecodeError, BtcForecastError) as e:
        return ([] if public_key is None else layout.keys_of(public_key)), [Fault(layout.KEYS, _why(e))]
    if public_key is not None and told[0].public_key != public_key:
        return layout.keys_of(public_key), [Fault(layout.KEYS, "The export names another key than the one that you gave.")]
    return told, []


def _verify_ledger(folder: Path, origin: Origin, keys: list[VerifierKey], *, witnessed: str | None, tell: Teller) -> LedgerReport:
    entries = _EntryFiles(folder)
    notes, leaves, faults = _claims(folder, origin)
    audit = LedgerAudit(origin, notes=notes, leaves=leaves, keys=keys, recall=entries.read, witnessed=witnessed)
    try:
        for seq, text in enumerate(entries):
            if not audit.add(text):
                break
            if seq % _TELL_EVERY == 0:
                tell(seq)
    except IntegrityError as e:
        faults.append(Fault(origin.value, str(e)))
    report = audit.finish()
    report.faults += faults
    return report


def _claims(folder: Path, origin: Origin) -> tuple[list[str], list[bytes], list[Fault]]:
    """Return the checkpoints and leaf hashes that the files claim, and what is wrong with these files themselves."""
    notes, leaves, faults = list[str](), list[bytes](), list[Fault]()
    try:
        notes = [str(parse_canonical(line)) for line in _lines(folder / layout.CHECKPOINTS)]
        if not notes:
            faults.append(Fault(f"{origin.value}/{layout.CHECKPOINTS}", "There is no signed checkpoint, so nothing is proved."))
        newest = (folder / layout.CHECKPOINT).read_bytes()
        if newest.decode(errors="replace") != (notes or [""])[-1]:
            faults.append(Fault(f"{origin.value}/{layout.CHECKPOINT}", "It is not the newest of the checkpoints."))
    except (IntegrityError, OSError) as e:
        faults.append(Fault(f"{origin.value}/{layout.CHECKPOINTS}", _why(e)))
    try:
        leaves = [_leaf(line) for line in _lines(folder / layout.LEAVES)]
    except (IntegrityError, OSError) as e:
        faults.append(Fault(f"{origin.value}/{layout.LEAVES}", _why(e)))
    return notes, leaves, faults


def _why(error: Exception) -> str:
    return f"There is no file {error.filename}." if isinstance(error, FileNotFoundError) else str(error)


class _EntryFiles:
    """The entries of one ledger in order, and any of them again by its number."""

    def __init__(self, folder: Path) -> None:
        self._files = sorted(folder.glob("entries-*.jsonl"))
        self._places: list[tuple[Path, int]] = []

    def __iter__(self) -> Iterator[bytes]:
        for path in self._files:
            offset = 0
            for line in _lines(path):
                self._places.append((path, offset))
                offset += len(line) + 1
                yield line

    def read(self, seq: int) -> bytes:
        """Return the bytes of an entry that was passed already."""
        path, offset = self._places[seq]
        with path.open("rb") as file:
            file.seek(offset)
            return file.readline(layout.LONGEST_LINE)[:-1]


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(layout.LONGEST_LINE):
            if not line.endswith(b"\n"):
                message = f"The last line of {path.name} is cut off."
                raise IntegrityError(message)
            yield line[:-1]


def _leaf(line: bytes) -> bytes:
    try:
        leaf = bytes.fromhex(line.decode())
    except ValueError as e:
        message = "A line is not a hash in hex."
        raise IntegrityError(message) from e
    if leaf.hex().encode() != line or len(leaf) != 32:
        message = "A line is not a hash of 32 bytes in hex."
        raise IntegrityError(message)
    return leaf


def _count_lines(path: Path) -> int:
    return path.stat().st_size // 65 if path.is_file() else 0
