"""Kills the process it runs in at a named point, as the machine would: kill -9, no clean-up, nothing said.

The points are set from outside, on what the portal goes through anyway: events of the database, the renaming of a
finished file, the mail server's client. `FAIL_AT` names one:

    before_commit:TABLE[:N]   before the Nth commit of a transaction that wrote to TABLE
    after_commit:TABLE[:N]    after it, before anybody can be told
    before_replace:FOLDER     a file below FOLDER is written but does not have its name yet
    after_replace:FOLDER      it has its name, and no row names it
    before_send, after_send   around the moment in which the mail server takes a message
"""

from __future__ import annotations

import os
import re
import signal
import smtplib
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlmodel import Session

VARIABLE = "FAIL_AT"
_WRITES = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.IGNORECASE)


def install(fail_at: str) -> None:
    """Sets the point named by `fail_at`; none when it is empty."""
    if not fail_at:
        return
    point, _, where = fail_at.partition(":")
    setters = {"commit": _at_commit, "replace": _at_replace, "send": _at_send}
    moment, _, what = point.partition("_")
    setters[what](moment, where)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _at_commit(moment: str, where: str) -> None:
    table, _, number = where.partition(":")
    left = [int(number or 1)]
    here = threading.local()

    @event.listens_for(Engine, "begin")
    def begun(connection: Connection) -> None:
        connection.info["wrote"] = False

    @event.listens_for(Engine, "before_cursor_execute")
    def said(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        written = _WRITES.match(statement)
        if written and written[1] == table:
            connection.info["wrote"] = True

    @event.listens_for(Engine, "commit")
    def committing(connection: Connection) -> None:
        left[0] -= connection.info["wrote"]
        here.reached = connection.info["wrote"] and left[0] == 0
        if here.reached and moment == "before":
            die()

    @event.listens_for(Session, "after_commit")
    def committed(_session: Session) -> None:
        if here.reached:
            die()


def _at_replace(moment: str, folder: str) -> None:
    replace = os.replace

    def wrapped(source: Any, target: Any, **more: Any) -> None:
        ours = folder in Path(target).parts
        if ours and moment == "before":
            die()
        replace(source, target, **more)
        if ours:
            die()

    os.replace = wrapped  # type: ignore[assignment]


def _at_send(moment: str, _where: str) -> None:
    send = smtplib.SMTP.send_message

    def wrapped(self: smtplib.SMTP, *message: Any, **more: Any) -> Any:
        if moment == "before":
            die()
        send(self, *message, **more)
        die()

    smtplib.SMTP.send_message = wrapped  # type: ignore[method-assign]
