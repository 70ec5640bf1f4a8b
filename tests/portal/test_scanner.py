"""Only a scanner that plainly says so makes a file clean."""

import os
import socket
import threading
from contextlib import suppress

import pytest

from portal.scanner import Verdict, scan


class StubScanner:
    """Speaks the scanner's protocol on a unix socket and gives the prepared answer; None never answers."""

    def __init__(self, path: str, answer: bytes | None, *, read: bool = True) -> None:
        self.path, self.answer, self.read = path, answer, read
        self.received = b""
        self._over = threading.Event()
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(path)
        self._server.listen(1)
        self._server.settimeout(20)  # a scanner that nobody asks fails its test instead of waiting for ever
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            if self.read:
                with connection.makefile("rb") as stream:
                    self._receive(stream)
            if self.answer is None:
                self._over.wait(20)
            else:
                with suppress(BrokenPipeError):  # whoever has heard enough hangs up
                    connection.sendall(self.answer)

    def _receive(self, stream) -> None:
        assert stream.read(10) == b"zINSTREAM\0"
        while size := int.from_bytes(stream.read(4), "big"):
            self.received += stream.read(size)

    def __enter__(self):
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        self._server.close()


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"stream: OK\0", Verdict.CLEAN),
        (b"stream: Eicar-Test-Signature FOUND\0", Verdict.INFECTED),
        (b"INSTREAM size limit exceeded. ERROR\0", Verdict.UNAVAILABLE),
        (b"stream: not OK\0", Verdict.UNAVAILABLE),
        (b"OK\0", Verdict.UNAVAILABLE),
        (b"", Verdict.UNAVAILABLE),
        (b"\xff\xfe\x00rubbish\0", Verdict.UNAVAILABLE),
        (b"x" * 100_000, Verdict.UNAVAILABLE),
    ],
)
def test_only_a_plain_ok_is_clean(tmp_path, answer, verdict):
    data = os.urandom(200_000)
    with StubScanner(str(tmp_path / "clamd"), answer) as stub:
        assert scan(data, stub.path) is verdict
    assert stub.received == data


def test_a_scanner_that_hangs_holds_the_file(tmp_path):
    with StubScanner(str(tmp_path / "clamd"), None) as stub:
        assert scan(b"data", stub.path, seconds=0.2) is Verdict.UNAVAILABLE


def test_a_scanner_that_does_not_read_holds_the_file(tmp_path):
    with StubScanner(str(tmp_path / "clamd"), None, read=False) as stub:
        assert scan(bytes(10_000_000), stub.path, seconds=0.2) is Verdict.UNAVAILABLE


def test_a_scanner_that_hangs_up_holds_the_file(tmp_path):
    with StubScanner(str(tmp_path / "clamd"), b"", read=False) as stub:
        assert scan(bytes(10_000_000), stub.path) is Verdict.UNAVAILABLE


def test_a_scanner_that_is_not_there_holds_the_file(tmp_path):
    assert scan(b"data", str(tmp_path / "nobody")) is Verdict.UNAVAILABLE


def test_a_socket_path_that_cannot_be_holds_the_file(tmp_path):
    assert scan(b"data", str(tmp_path / ("long" * 50))) is Verdict.UNAVAILABLE


def test_without_a_scanner_nothing_is_called_clean():
    assert scan(b"data", None) is Verdict.NOT_CONFIGURED
