"""Text messages and calls leave through one function, to a provider or a folder; only where that way is safe."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from portal.people import contact, telephone
from portal.settings import Secrets, Settings

NUMBER = "+447700900123"
WORDS = "Your code is 123 456."


class Provider(BaseHTTPRequestHandler):
    """A notification provider's side, on this machine: keeps what it is asked and answers as told."""

    asked: ClassVar[list[tuple[dict[str, str], dict[str, Any]]]] = []
    answers: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((dict(self.headers), body))
        self.send_response(self.answers.pop(0) if self.answers else 202)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Says nothing on the screen."""


@pytest.fixture
def provider() -> Iterator[str]:
    Provider.asked, Provider.answers = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://a%20key@127.0.0.1:{server.server_port}/v1/messages"
    server.shutdown()
    server.server_close()


def to(url: str, folder: Path) -> Settings:
    secrets = Secrets(b"1" * 32, b"2" * 32, b"3" * 32, b"4" * 32)
    return Settings(instance=folder, secrets=secrets, telephone_url=url)


@pytest.mark.parametrize(("way", "channel"), [("text", "sms"), ("voice", "voice")])
def test_a_provider_is_asked_with_its_key_and_a_reference(
    provider: str, tmp_path: Path, way: telephone.Way, channel: str
) -> None:
    telephone.deliver(to(provider, tmp_path), way, NUMBER, WORDS, reference="abc")
    [(headers, body)] = Provider.asked
    assert headers["Authorization"] == "Bearer a key"
    assert headers["Idempotency-Key"] == "abc"
    assert body == {"channel": channel, "message_type": "text", "to": NUMBER, "text": WORDS, "client_ref": "abc"}


@pytest.mark.parametrize("status", [301, 401, 429, 500, 503])
def test_a_provider_that_cannot_take_it_now_is_away(provider: str, tmp_path: Path, status: int) -> None:
    Provider.answers = [status]
    with pytest.raises(telephone.ProviderAway, match=str(status)):
        telephone.deliver(to(provider, tmp_path), "text", NUMBER, WORDS)
    assert len(Provider.asked) == 1  # a redirect is not followed: the key stays where it belongs


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refused_number_is_told_apart(provider: str, tmp_path: Path, status: int) -> None:
    Provider.answers = [status]
    with pytest.raises(telephone.NumberRefused):
        telephone.deliver(to(provider, tmp_path), "text", NUMBER, WORDS)


def test_no_provider_and_a_dead_one_are_away_and_no_number_stands_in_the_fault(tmp_path: Path) -> None:
    for url in ("", "http://127.0.0.1:9/"):
        with pytest.raises(telephone.ProviderAway) as fault:
            telephone.deliver(to(url, tmp_path), "text", NUMBER, WORDS)
        assert "7700" not in str(fault.value)


def test_nothing_goes_over_the_network_unencrypted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="TELEPHONE_URL"):
        telephone.deliver(to("http://provider.example.org/", tmp_path), "text", NUMBER, WORDS)


def test_the_folder_keeps_one_message_however_often_it_is_handed_over(tmp_path: Path) -> None:
    settings = to(f"folder:{tmp_path / 'out'}", tmp_path)
    for _again in range(2):
        telephone.deliver(settings, "voice", NUMBER, WORDS, reference="abc")
    [file] = (tmp_path / "out").glob("*.json")
    assert {**json.loads(file.read_text()), "at": ""} == {"way": "voice", "to": NUMBER, "words": WORDS, "at": ""}


@pytest.mark.parametrize(
    ("typed", "dialled"),
    [
        ("07700 900123", NUMBER),
        ("+44 (0)7700 900-123", NUMBER),
        ("0044 7700 900123", NUMBER),
        ("01632 960100", "+441632960100"),
        ("+353 20 915 1234", "+353209151234"),
        ("07700 90012", None),
        ("0909 879 0000", None),
        ("070 0000 0000", None),
        ("0845 0000000", None),
        ("999", None),
        ("07700 900123, 07700 900124", None),
        ("٠٧٧٠٠٩٠٠١٢٣", None),
        ("", None),
    ],
)
def test_a_number_is_dialled_in_one_form_or_not_at_all(typed: str, dialled: str | None) -> None:
    assert contact.as_dialled(typed) == dialled


@pytest.mark.parametrize(
    ("safe", "text", "voice"),
    [
        ((), None, None),
        (("email", "post", "phone"), None, None),
        (("text",), NUMBER, None),
        (("voice",), None, NUMBER),
        (("text", "voice"), NUMBER, NUMBER),
    ],
)
def test_a_number_is_there_for_the_ways_marked_safe_alone(
    safe: tuple[str, ...], text: str | None, voice: str | None
) -> None:
    told = {"phone": "07700 900123", "safe_channels": safe}
    assert (contact.phone_number(told, "text"), contact.phone_number(told, "voice")) == (text, voice)
    assert contact.phone_number(told, "email") is None


def test_a_landline_reads_no_text_message() -> None:
    told = {"phone": "01632 960100", "safe_channels": ["text", "voice"]}
    assert contact.phone_number(told, "text") is None
    assert contact.phone_number(told, "voice") == "+441632960100"
