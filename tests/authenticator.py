"""A passkey in software: does what a phone or a security key does, and on demand what a bad one would do."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.judge import Page

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def asked(page: Page) -> dict[str, Any]:
    """What a page gives the browser to hand to its passkeys."""
    forms = [form for form in page.forms() if form.get("data-passkey")]
    told: dict[str, Any] = json.loads(forms[0].get("data-options") or "")
    return told


@dataclass
class Authenticator:
    """One passkey. `origin` is the address that the browser saw; `verified` whether it asked for finger or PIN."""

    origin: str
    verified: bool = True
    counter: int = 0
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def makes(self, options: dict[str, Any]) -> str:
        """The answer to a page that asks for a new passkey."""
        data = self._data(options["rp"]["id"], ATTESTED) + self._attested()
        told = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        said = {"clientDataJSON": self._said("webauthn.create", options["challenge"]), "attestationObject": told}
        return self._answer(said)

    def shows(self, options: dict[str, Any], *, counter: int | None = None) -> str:
        """The answer to a page that asks for the passkey; `counter` is what it says of its signatures so far."""
        self.counter = self.counter + 1 if counter is None else counter
        data = self._data(options["rpId"], 0)
        said = self._said("webauthn.get", options["challenge"])
        signed = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": said, "authenticatorData": data, "signature": signed})

    def _said(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, rp_id: str, more: int) -> bytes:
        flags = PRESENT | (VERIFIED if self.verified else 0) | more
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _attested(self) -> bytes:
        at = self.key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: at.x.to_bytes(32, "big"), -3: at.y.to_bytes(32, "big")}
        return bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cbor2.dumps(key)

    def _answer(self, said: dict[str, bytes]) -> str:
        name = _text(self.credential)
        response = {what: _text(value) for what, value in said.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
