"""An authenticator made of software (WebAuthn, section 6): honest, unless a test tells it otherwise."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

_PRESENT, _VERIFIED, _WITH_KEY = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class SoftPasskey:
    """One passkey. What is None is as the options ask; counts: whether its counter grows."""

    origin: str = "https://api.test"
    rp_id: str | None = None
    verifies_user: bool = True
    counts: bool = True
    sign_count: int = 0
    handle: str | None = None
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def id(self) -> str:
        return b64(self.credential_id)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return what navigator.credentials.create() would."""
        self.handle = self.handle or options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        cose = encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        data = self._data(options["rp"]["id"], _WITH_KEY) + bytes(16) + len(self.credential_id).to_bytes(2, "big")
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data + self.credential_id + cose})
        response = {"attestationObject": b64(attestation), "transports": ["internal", "hybrid"]}
        return self._credential("webauthn.create", options, response)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return what navigator.credentials.get() would."""
        if self.counts:
            self.sign_count += 1
        data = self._data(options["rpId"], 0)
        client = self._client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {"authenticatorData": b64(data), "signature": b64(signature), "userHandle": self.handle}
        return self._credential("webauthn.get", options, response)

    def _credential(self, kind: str, options: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
        response["clientDataJSON"] = b64(self._client(kind, options))
        return {"id": self.id, "rawId": self.id, "type": "public-key", "response": response, "clientExtensionResults": {}}

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _data(self, rp_id: str, more: int) -> bytes:
        flags = _PRESENT | more | (_VERIFIED if self.verifies_user else 0)
        return hashlib.sha256((self.rp_id or rp_id).encode()).digest() + bytes([flags]) + self.sign_count.to_bytes(4, "big")
