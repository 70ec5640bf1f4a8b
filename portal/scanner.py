"""Asks a malware scanner (clamd's INSTREAM command over its unix socket) about a file somebody sent."""

from __future__ import annotations

import enum
import socket
import time

_CHUNK = 1 << 16
_LONGEST_ANSWER = 4096


class Verdict(enum.Enum):
    """What is known about a file. Only CLEAN lets it be opened."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNAVAILABLE = "unavailable"  # configured but not answering plainly: the file is held and scanned again later
    NOT_CONFIGURED = "not configured"


def scan(data: bytes, socket_path: str | None, *, seconds: float = 30) -> Verdict:
    """The scanner's verdict on `data`, within `seconds`. Anything but a plain "OK" is never CLEAN."""
    if not socket_path:
        return Verdict.NOT_CONFIGURED
    deadline = time.monotonic() + seconds
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as scanner:
            scanner.settimeout(seconds)
            scanner.connect(socket_path)
            answer = _asked(scanner, data, deadline)
    except OSError:  # absent, refusing, hanging or gone in the middle
        return Verdict.UNAVAILABLE
    return _understood(answer)


def _asked(scanner: socket.socket, data: bytes, deadline: float) -> bytes:
    scanner.sendall(b"zINSTREAM\0")
    for start in range(0, len(data), _CHUNK):
        part = data[start : start + _CHUNK]
        _hurry(scanner, deadline)
        scanner.sendall(len(part).to_bytes(4, "big") + part)
    scanner.sendall(bytes(4))
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
        _hurry(scanner, deadline)
        part = scanner.recv(_LONGEST_ANSWER)
        if not part:
            break
        answer += part
    return answer


def _hurry(scanner: socket.socket, deadline: float) -> None:
    """A scanner that trickles must not outlast the deadline either."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    scanner.settimeout(left)


def _understood(answer: bytes) -> Verdict:
    words = answer.removesuffix(b"\0").strip()
    if words == b"stream: OK":
        return Verdict.CLEAN
    if words.startswith(b"stream: ") and words.endswith(b" FOUND"):
        return Verdict.INFECTED
    return Verdict.UNAVAILABLE
