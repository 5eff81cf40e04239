"""What a fitted model version is called and what its signed manifest says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from btcforecast.core import Series, from_rfc3339, to_rfc3339
from btcforecast.core.errors import BtcForecastError, IntegrityError
from btcforecast.forecasts.ledger.canonical import canonical_json, parse_canonical
from btcforecast.forecasts.ledger.notes import Note, VerifierKey
from btcforecast.forecasts.ledger.signer import Signer

SIGNED_AS: Final = "btcforecast/models"
"""The name under which manifests are signed, and the first line of each."""
VERSION_NAME: Final = re.compile(r"(?P<model>[a-z0-9_.-]{1,38})@(?P<until>[0-9]{8}T[0-9]{6}Z)-(?P<digest>[0-9a-f]{8})")
_IDENTITY: Final = ("code_version", "data_digest", "model", "state_digest", "symbol", "trained_from", "trained_until", "venue")


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One fitted model on disk.

    model: the name it is filed under. loader: what `load_model` finds the class by. trained_from: opening of the first candle that the fit saw; trained_until: close of
    the last. data_digest: SHA-256 of those candles; calendar_digest: of the scheduled events that the fit was told of, None for none. state_digest, n_state_bytes: of the file `state.npz`. parameters: the single
    numbers of the state. card: the model card. note: the signed manifest as it is on disk.
    """

    model: str
    loader: str
    series: Series
    trained_from: int
    trained_until: int
    created_at: int
    code_version: str
    data_digest: str
    state_digest: str
    n_state_bytes: int
    parameters: Mapping[str, float]
    scores: Mapping[str, Any]
    note: str = ""
    calendar_digest: str | None = None
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Return the SHA-256, in hex, of what makes the version what it is; a second fit on the same data has the same."""
        fields = self.manifest()
        return hashlib.sha256(canonical_json({name: fields[name] for name in _IDENTITY})).hexdigest()

    @property
    def name(self) -> str:
        """Return the name, such as `ewma@20251201T000000Z-1a2b3c4d`: model, end of training, digest."""
        until = to_rfc3339(self.trained_until).replace("-", "").replace(":", "")
        return f"{self.model}@{until}-{self.digest[:8]}"

    def manifest(self) -> dict[str, Any]:
        """Return what the manifest says."""
        return {
            "model": self.model,
            "loader": self.loader,
            "venue": self.series.venue,
            "symbol": self.series.symbol,
            "simulated": self.series.is_simulated,
            "trained_from": to_rfc3339(self.trained_from),
            "trained_until": to_rfc3339(self.trained_until),
            "created_at": to_rfc3339(self.created_at),
            "code_version": self.code_version,
            "data_digest": self.data_digest,
            **({} if self.calendar_digest is None else {"calendar_digest": self.calendar_digest}),
            **({"card": dict(self.card)} if self.card else {}),
            "state_digest": self.state_digest,
            "n_state_bytes": self.n_state_bytes,
            "parameters": dict(self.parameters),
            "scores": dict(self.scores),
        }

    def sign(self, signer: Signer) -> str:
        """Return the manifest as a signed note: the name it is signed under, then the manifest as canonical JSON."""
        return signer.sign(f"{SIGNED_AS}\n{canonical_json(self.manifest()).decode()}\n", name=SIGNED_AS)

    @classmethod
    def open(cls, note: str, *, key: VerifierKey) -> Self:
        """Return the version that a signed manifest describes; raises IntegrityError unless the key signed it."""
        text = Note.parse(note).verified_text([key])
        head, manifest, *rest = text.split("\n")
        if head != SIGNED_AS or rest != [""]:
            message = "The manifest is not two lines, its name and its JSON."
            raise IntegrityError(message)
        try:
            return cls._from_manifest(parse_canonical(manifest.encode()), note)
        except (KeyError, TypeError, ValueError, BtcForecastError) as e:
            message = f"The manifest lacks a field or has an impossible value: {e}"
            raise IntegrityError(message) from e

    @classmethod
    def _from_manifest(cls, fields: Mapping[str, Any], note: str) -> Self:
        return cls(
            model=fields["model"],
            loader=fields["loader"],
            series=Series(fields["venue"], fields["symbol"]),
            trained_from=from_rfc3339(fields["trained_from"]),
            trained_until=from_rfc3339(fields["trained_until"]),
            created_at=from_rfc3339(fields["created_at"]),
            code_version=fields["code_version"],
            data_digest=fields["data_digest"],
            state_digest=fields["state_digest"],
            n_state_bytes=int(fields["n_state_bytes"]),
            parameters=fields["parameters"],
            scores=fields["scores"],
            note=note,
            calendar_digest=fields.get("calendar_digest"),
            card=fields.get("card", {}),
        )
