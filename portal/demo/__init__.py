"""A sample authority to play with: invented children, people and cases in every state, the same every time.

It lives in a folder of its own and never touches another installation: a folder that holds something else is refused,
and settings of this shell (a DATABASE_URL, say) do not count.
"""

from __future__ import annotations

import datetime
import fcntl
import os
import shutil
import socket
from pathlib import Path

import click

from portal import settings as configuration
from portal import wiring
from portal.cases import clocking
from portal.demo import challenged, families, people, reached, records_told, stories
from portal.demo.people import Told
from portal.demo.stage import Stage
from portal.migrate import migrate
from portal.runtime import Runtime
from portal.settings import Secrets, Settings, SettingsError

MARK = "this-is-a-demo"
# Whom the stories are about, in order; in between the family that nobody has asked about yet.
CAST = (
    *(one for _story, one in stories.CAST),
    stories.NOT_ASKED_FOR,
    *(one for _story, one in challenged.CAST),
    *(one for _story, one in reached.CAST),
)
MADE = ("keys", "files", "mail", "feeds", "settings.toml", people.FILE)
_held: list[int] = []  # locks, until the process ends


def prepare(folder: Path, *, port: int = 5000, fresh: bool = False) -> Settings:
    """Makes the demo in `folder`, or takes up the one that is there unless `fresh`; answers its settings.

    Raises SettingsError when the folder holds something else, the demo runs already, or the port is taken."""
    for name in configuration.told():
        os.environ.pop(name.upper(), None)  # the worker beside the web is a child process and must see the same demo
    _claim(folder)
    _refuse_taken_port(port)
    if fresh or not _finished(folder):
        _clear(folder)
        settings = _settings(folder, port)
        click.echo("Making the sample authority. This takes about half a minute, the first time.", err=True)
        _fill(settings)
        return settings
    settings = _settings(folder, port)
    migrate(settings.owner_database, settings.database)
    return settings


def told(settings: Settings) -> str:
    """What the terminal says: addresses, and who can sign in with what."""
    said, url = Told.read(settings.instance), settings.family_url
    lines = [
        f"Ready on {url}",
        "",
        f"  Families      {url}/",
        f"  Staff         {url}/staff/",
        f"  Mail          {url}/demo/outbox",
        f"  Codes         {url}/demo/codes",
        "",
        f"Staff sign in with the password: {said.password}",
        *(f"  {one.email:<32}{one.told}" for one in said.sign_ins if one.door == "staff"),
        "",
        "Families ask for a link with address and reference; the link is on the page Mail, the code on the page Codes.",
        *(f"  {one.email:<40}{one.reference}  {one.told}" for one in said.sign_ins if one.door == "family"),
        "",
        "On paper: number and words, to be typed at the address; the codes of a sheet are on the page Codes.",
        *(f"  {one.where:<19}{one.number}  {one.words:<48}{one.name}: {one.told}" for one in said.papers),
        "",
        f"Nobody has asked yet for the record of {said.not_asked_for}.",
        f"Made on {said.made_on}; `portal demo --fresh` begins again. Everybody here is invented.",
    ]
    return "\n".join(lines)


def _claim(folder: Path) -> None:
    """Takes the folder for this process. What is not a demo's is never touched."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise SettingsError(f"{folder} holds something that is not a demo. Choose another PORTAL_INSTANCE.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark = os.open(folder / MARK, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(mark)
        raise SettingsError(f"The demo in {folder} is running already. Stop it first.") from None
    _held.append(mark)


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SettingsError(f"Port {port} is in use. Choose another: make demo PORT=5001") from None


def _finished(folder: Path) -> bool:
    """Whether the data was made to the end: the sign-ins are written last."""
    try:
        Told.read(folder)
    except (OSError, ValueError, TypeError):
        return False
    return True


def _clear(folder: Path) -> None:
    for path in [*(folder / name for name in MADE), *folder.glob("*.db"), *folder.glob("*.db-*")]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _settings(folder: Path, port: int) -> Settings:
    """The demo's settings, written where its worker and `portal check` find them. Only this sets `demo`."""
    Secrets.make(folder / "keys")
    url = f"http://127.0.0.1:{port}"
    values = {
        "family_url": url,
        "staff_url": url,
        "mail_url": f"folder:{folder / 'mail'}",
        "telephone_url": f"folder:{folder / 'telephone'}",
        "authority_name": "Nether Quill Council",
        "authority_address": "Records team|Nether Quill Council|1 Quill Square|Nether Quill|ZZ1 1AA",
        "authority_phone": "01632 960100",
        "authority_email": "records@example.org",
    }
    text = "".join(f'{name} = "{value}"\n' for name, value in values.items())
    (folder / "settings.toml").write_text(f"# Written anew by each `portal demo`.\n{text}", encoding="utf-8")
    return Settings.load({"PORTAL_INSTANCE": str(folder)}, demo=True)


def _fill(settings: Settings) -> None:
    migrate(settings.owner_database, settings.database)
    wiring.connect_packages()
    runtime = Runtime.open(settings)
    try:
        _tell(runtime, settings.instance, clocking.uk_today())
    finally:
        runtime.close()


def _tell(runtime: Runtime, folder: Path, today: datetime.date) -> None:
    """Records first, through the importer; then people; then the cases, day by day."""
    there = families.make(today, CAST)
    records_told.bring_in(runtime, folder / "feeds", there, today)
    with runtime.vault.unlocked(), runtime.database.write() as session:
        actors = people.enter_staff(session, runtime.settings.secrets.pepper)
    stage = Stage(runtime, today, actors)
    free = there[len(stories.CAST)]
    stories.tell(stage, there)
    challenged.tell(stage, there[len(stories.CAST) + 1 :])
    papers = reached.tell(stage, there[len(stories.CAST) + 1 + len(challenged.CAST) :])
    stage.play()
    child = f"{free.child.name}, born {free.child.born:%d/%m/%Y} (mother: {free.carers[0].name})"
    sign_ins = (*people.staff_sign_ins(), *(tale.sign_in for tale in stage.tales if tale.known))
    Told(today.isoformat(), people.PASSWORD, sign_ins, child, papers).write(folder)
