"""Ways out for mail: a mail server, or a folder that the demo shows."""

from __future__ import annotations

import os
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

SECONDS = 20


class ServerAway(Exception):
    """The mail server cannot take the message now; later it may."""


class AddressRefused(Exception):
    """The mail server says that the address takes no mail; a person must see to it."""


def deliver(mail_url: str, message: EmailMessage) -> None:
    """Hands one message over. Raises ServerAway, AddressRefused, or ValueError for a setting it does not know."""
    where = urlsplit(mail_url)
    if where.scheme == "folder":
        _into_folder(Path(mail_url.removeprefix("folder:")), message)
    elif where.scheme in {"smtp", "smtp+starttls", "smtps"}:
        _by_server(where, message)
    else:
        raise ValueError("MAIL_URL must start with smtp://, smtp+starttls://, smtps:// or folder:")


def _into_folder(folder: Path, message: EmailMessage) -> None:
    """One file per Message-ID, put there whole: sent twice, it is still one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = str(message["Message-ID"]).strip("<>").partition("@")[0]
    unfinished = folder / f".{name}.{os.getpid()}"
    unfinished.write_bytes(message.as_bytes())
    unfinished.replace(folder / f"{name}.eml")


def _by_server(where: SplitResult, message: EmailMessage) -> None:
    try:
        server = _connected(where)
        try:
            if where.username:
                server.login(unquote(where.username), unquote(where.password or ""))
            _hand_over(server, message)
        finally:
            server.close()
    except smtplib.SMTPResponseException as answer:
        raise ServerAway(f"the mail server answered {answer.smtp_code}") from None
    except (OSError, smtplib.SMTPException) as fault:  # its words may quote an address: only its kind is kept
        raise ServerAway(type(fault).__name__) from None


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as refused:
        raise _refusal(refused) from None
    except smtplib.SMTPDataError as answer:
        if answer.smtp_code >= 500:  # this message, now and later: waiting would hide it for ever
            raise AddressRefused("the message was refused") from None
        raise
    except smtplib.SMTPNotSupportedError:
        raise AddressRefused("the server does not know such addresses") from None
    with suppress(OSError, smtplib.SMTPException):
        server.quit()  # it has taken the message: whatever it says to the farewell, a second one would be one too many


def _connected(where: SplitResult) -> smtplib.SMTP:
    host = where.hostname or "localhost"
    if where.scheme == "smtps":
        return smtplib.SMTP_SSL(host, where.port or 465, timeout=SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(host, where.port or (587 if where.scheme == "smtp+starttls" else 25), timeout=SECONDS)
    if where.scheme == "smtp+starttls":
        server.starttls(context=ssl.create_default_context())
    return server


def _refusal(refused: smtplib.SMTPRecipientsRefused) -> ServerAway | AddressRefused:
    codes = [code for code, _words in refused.recipients.values()]
    return AddressRefused("the address was refused") if all(code >= 500 for code in codes) else ServerAway("not now")
