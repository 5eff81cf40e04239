"""Checks a whole ledger, entry by entry, against its signed checkpoints, and says where the first fault is.

It knows nothing of files or databases: `files` and `stored` feed it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from btcforecast.core import Origin
from btcforecast.core.errors import InputError, IntegrityError
from btcforecast.forecasts.ledger.checkpoints import Checkpoint, origin_line
from btcforecast.forecasts.ledger.entries import GENESIS, Entry, entry_hash
from btcforecast.forecasts.ledger.merkle import Frontier, leaf_hash
from btcforecast.forecasts.ledger.notes import VerifierKey
from btcforecast.forecasts.ledger.report import Fault, LedgerReport
from btcforecast.forecasts.ledger.scores import ScoreAudit


def unmet_witness(witnessed: str | None, *, audited: Collection[Origin]) -> list[Fault]:
    """Return the fault that a ledger of which somebody kept a checkpoint is not there to be checked.

    A text that is no ledger's checkpoint raises InputError: passed over, it would leave its keeper with a false assurance.
    """
    if witnessed is None:
        return []
    kept = next((origin for origin in Origin if witnessed.startswith(f"{origin_line(origin)}\n")), None)
    if kept is None:
        expected = " or ".join(origin_line(origin) for origin in Origin)
        message = f"What you kept is not a checkpoint of a ledger: its first line must be {expected}."
        raise InputError(message)
    return [] if kept in audited else [Fault(kept.value, "it is not here to be checked against the checkpoint that you kept")]


class LedgerAudit:
    """One walk over a ledger: `add` each entry's bytes in order, then `finish`."""

    def __init__(
        self,
        origin: Origin,
        *,
        notes: Sequence[str],
        leaves: Sequence[bytes],
        keys: Iterable[VerifierKey],
        recall: Callable[[int], bytes],
        witnessed: str | None = None,
    ) -> None:
        """Take what is claimed about the ledger.

        notes: its signed checkpoints, oldest first. leaves: the stored hash of each entry. recall: reads an earlier entry again.
        witnessed: a checkpoint that somebody kept from earlier; it counts when it is of this ledger.
        """
        self.report = LedgerReport(origin.value)
        self._leaves = leaves
        self._recall = recall
        trusted = list(keys)
        self._signed = {
            checkpoint.tree_size: checkpoint.root_hash for checkpoint in self._open_checkpoints(origin, notes, trusted)
        }
        if witnessed is not None and witnessed.startswith(f"{origin_line(origin)}\n"):
            self._add_witnessed(Checkpoint.open(witnessed, keys=trusted))
        self._has_signed_leaves = self._check_leaves()
        self._frontier = Frontier()
        self._last_good_size = 0
        self._prev = GENESIS
        self._scores = ScoreAudit(is_live=origin is Origin.LIVE, recall=self._recall_entry)

    @property
    def is_sound(self) -> bool:
        """Say whether nothing wrong was found so far."""
        return not self.report.faults

    def add(self, text: bytes) -> bool:
        """Check the next entry and say whether it is sound; after the first that is not, there is nothing to build on."""
        seq = self._frontier.size
        try:
            entry = self._check_bytes(text, seq)
            self._check_tree()
            self._scores.check(entry)
        except IntegrityError as e:
            # A fault that was found before only says that something is wrong somewhere: this one says where.
            self.report.faults.insert(0, Fault(self.report.ledger, str(e), seq))
            return False
        self.report.n_by_kind[entry.kind] = self.report.n_by_kind.get(entry.kind, 0) + 1
        return True

    def finish(self) -> LedgerReport:
        """Return the report, with what is missing at the end."""
        report = self.report
        report.n_entries = self._frontier.size
        report.n_signed = self._last_good_size
        report.n_forecasts, report.n_scores = self._scores.n_forecasts, self._scores.n_scores
        report.n_answers = self._scores.n_answers
        report.root_hash = self._frontier.root().hex()
        newest = max(self._signed, default=0)
        if self.is_sound and newest > report.n_entries:
            what = f"it is missing or cut off: {newest:,} entries were signed and {report.n_entries:,} are here"
            report.faults.append(Fault(report.ledger, what, report.n_entries))
        if self.is_sound and len(self._leaves) != report.n_entries:
            what = f"there are {len(self._leaves):,} leaf hashes for {report.n_entries:,} entries"
            report.faults.append(Fault(report.ledger, what))
        return report

    def _open_checkpoints(self, origin: Origin, notes: Sequence[str], keys: list[VerifierKey]) -> list[Checkpoint]:
        opened: list[Checkpoint] = []
        for number, note in enumerate(notes):
            try:
                opened.append(_open_next(note, origin, keys, after=opened[-1].tree_size if opened else -1))
            except IntegrityError as e:
                self.report.faults.append(Fault(f"{origin.value}, checkpoint {number}", str(e)))
        self.report.n_checkpoints = len(opened)
        return opened

    def _add_witnessed(self, kept: Checkpoint) -> None:
        if self._signed.setdefault(kept.tree_size, kept.root_hash) != kept.root_hash:
            what = f"the checkpoint over {kept.tree_size:,} entries is not the one that you kept: two histories were signed"
            self.report.faults.append(Fault(self.report.ledger, what))

    def _check_leaves(self) -> bool:
        """Say whether the list of leaf hashes is the signed one; then each entry can be judged by itself."""
        frontier = Frontier()
        roots = {0: frontier.root()}
        for leaf in self._leaves:
            frontier.add(leaf)
            if frontier.size in self._signed:
                roots[frontier.size] = frontier.root()
        return bool(self._signed) and all(roots.get(size) == root for size, root in self._signed.items())

    def _check_bytes(self, text: bytes, seq: int) -> Entry:
        entry = Entry.parse(text)
        if entry.seq != seq:
            message = f"in its place stands entry {entry.seq}: entries were deleted, repeated or put in another order"
            raise IntegrityError(message)
        if entry.ledger != self.report.ledger:
            message = f"it belongs to the ledger {entry.ledger}"
            raise IntegrityError(message)
        leaf = leaf_hash(text)
        is_listed = seq < len(self._leaves) and leaf == self._leaves[seq]
        if self._has_signed_leaves and not is_listed and seq < max(self._signed):
            message = "it was changed: its bytes are not those that were signed"
            raise IntegrityError(message)
        if entry.prev != self._prev:
            message = "the hash of the entry before it is not the one that it names: one of the two was changed"
            raise IntegrityError(message)
        if not is_listed:
            message = "the stored hash of this entry is not the hash of its bytes"
            raise IntegrityError(message)
        self._prev = entry_hash(text)
        self._frontier.add(leaf)
        return entry

    def _check_tree(self) -> None:
        size = self._frontier.size
        if size not in self._signed:
            return
        if self._frontier.root() != self._signed[size]:
            first = self._last_good_size
            message = f"the tree up to here is not the one that was signed: entries {first} to {size - 1} hold a change"
            raise IntegrityError(message)
        self._last_good_size = size

    def _recall_entry(self, seq: int) -> Entry:
        text = self._recall(seq)
        if leaf_hash(text) != self._leaves[seq]:
            message = f"entry {seq} changed while it was being checked"
            raise IntegrityError(message)
        return Entry.parse(text)


def _open_next(note: str, origin: Origin, keys: list[VerifierKey], *, after: int) -> Checkpoint:
    checkpoint = Checkpoint.open(note, keys=keys)
    if checkpoint.origin != origin_line(origin):
        message = f"It is of {checkpoint.origin}, not of {origin_line(origin)}."
        raise IntegrityError(message)
    if checkpoint.tree_size <= after:
        message = f"It covers {checkpoint.tree_size:,} entries, no more than the one before it."
        raise IntegrityError(message)
    return checkpoint
