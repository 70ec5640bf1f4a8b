"""A real OpenID Connect provider on this machine, and hand-made tokens of another that lies."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from portal.people.openid import LOGOUT_EVENT

CLIENT_ID = "portal"


@dataclass(frozen=True)
class Directory:
    """A directory of staff. Whoever signs in there has shown two factors just now, unless a test says otherwise."""

    issuer: str

    def knows(self, subject: str, **claims: Any) -> None:
        """What the id token will say of somebody, beside and instead of what the provider says by itself."""
        told = {"amr": ["pwd", "mfa"], "auth_time": int(time.time()), **claims}
        told = {name: value for name, value in told.items() if value is not None}
        httpx.put(f"{self.issuer}/users/{subject}", json=told, trust_env=False).raise_for_status()

    def signs_in(self, url: str, subject: str) -> str:
        """Somebody signs in at the page to which we sent them; the path to which they come back."""
        answer = httpx.post(url, data={"sub": subject}, trust_env=False)
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"


def asked_of(url: str) -> dict[str, str]:
    """What we ask the provider for, in the address to which somebody is sent."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@contextmanager
def running() -> Iterator[Directory]:
    """In a process of its own: what it imports warns of its own age."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{issuer}/jwks", process)
        yield Directory(issuer)
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _n in range(300):
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            assert process.poll() is None, "the provider did not start"
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


def settings_for(folder: Path, issuer: str) -> dict[str, str]:
    """Settings with which an installation whose keys are in `folder` uses this directory."""
    (folder / "keys" / "staff-openid.key").write_text("a secret of the tests")
    return {"staff_openid_issuer": issuer, "staff_openid_client_id": CLIENT_ID, "staff_openid_name": "Quill Council"}


class Forge:
    """A provider whose key the test has: it signs whatever the test wants, and describes itself as the test wants."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
        self.described: dict[str, Any] = {}
        self.asked: list[str] = []
        self.jwks: bytes = b""
        self.issuer = self.answer = ""  # the id token that its token endpoint gives
        self.told: dict[str, list[str]] = {}  # what that endpoint was last asked

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.asked.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/token":
            self.told = parse_qs(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())
            token = {"access_token": "a", "token_type": "Bearer", "id_token": self.answer}
            return self._said(json.dumps(token).encode(), start_response)
        body = self.jwks if environ["PATH_INFO"] == "/jwks" else json.dumps(self.described).encode()
        return self._said(body, start_response)

    def _said(self, body: bytes, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def signed(self, *, typ: str = "JWT", alg: str = "RS256", key: Any = None, **claims: Any) -> str:
        """A token that is right in everything but what the test says; None leaves a claim out."""
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "sub": "sam"}
        told = {name: value for name, value in {**told, **claims}.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": "one", "typ": typ}, told, key or self.key, algorithms=[alg])

    def id_token(self, **claims: Any) -> str:
        shown = {"nonce": "n", "auth_time": int(time.time()), "amr": ["mfa"]}
        return self.signed(**{**shown, **claims})

    def logout_token(self, **claims: Any) -> str:
        told = {"events": {LOGOUT_EVENT: {}}, "jti": "one", "typ": "logout+jwt"}
        return self.signed(**{**told, **claims})


@contextmanager
def forging() -> Iterator[Forge]:
    forge = Forge()
    server = make_server("127.0.0.1", 0, forge, threaded=True)
    forge.issuer = f"http://127.0.0.1:{server.server_port}"
    endpoints = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/jwks"}
    forge.described = {"issuer": forge.issuer, **{name: forge.issuer + path for name, path in endpoints.items()}}
    forge.jwks = json.dumps({"keys": [forge.key.as_dict(private=False)]}).encode()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
