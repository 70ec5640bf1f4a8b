"""The `portal` command. Errors say what to do and end with 2; commands that answer a question end with 0 or 1."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask

from portal import settings as configuration
from portal.settings import ROOT, Secrets, Settings, SettingsError

IDLE_SECONDS = 1.0
RESTART_SECONDS = 2.0


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The children's records portal of one authority. PORTAL_INSTANCE chooses its folder, DATABASE_URL its database."""


def main() -> None:
    """Entry of the `portal` command: plain words instead of a traceback for what an operator can put right."""
    try:
        cli(standalone_mode=True)
    except SettingsError as wrong:
        click.echo(f"portal: {wrong}", err=True)
        raise SystemExit(2) from None


@cli.command()
def init() -> None:
    """Makes the folders, keys and settings file of a new installation; keeps what is there."""
    folder = _instance()
    Secrets.make(folder / "keys")
    path = folder / "settings.toml"
    if not path.exists():
        path.write_text(_settings_template(), encoding="utf-8")
    click.echo(f"Keys and settings are in {folder}. Look through {path}, then run `portal migrate`.")


@cli.command()
def migrate() -> None:
    """Brings the database to this version's schema; safe to run again."""
    from portal.migrate import migrate as bring_up

    settings = Settings.load()
    bring_up(settings.owner_database, settings.database)
    click.echo("The database is at this version's schema.")


@cli.command(name="invite-administrator")
def invite_administrator() -> None:
    """Prints the number and words with which the first or second administrator comes in: once, and within the hour."""
    from portal import audit, db
    from portal.audit import Act
    from portal.people import cards, invitations
    from portal.runtime import Runtime

    runtime = Runtime.open(Settings.load())
    _refuse_old_schema(runtime.settings)
    new = cards.new_card(runtime.settings.secrets.pepper)
    try:
        with runtime.database.write() as session:
            invitations.on_console(session, new, now=db.now())
            audit.append(session, Act(audit.visitor_chain(), "first_administrator_invited", "console"))
    except invitations.AdministratorThere as there:
        raise SettingsError(str(there)) from None
    finally:
        runtime.close()
    click.echo(f"Open   {runtime.settings.staff_url.rstrip('/')}/staff/first-administrator")
    click.echo(f"Number {new.number}")
    click.echo(f"Words  {new.words}")
    click.echo("They work once, within the hour, and only while there are fewer than two administrators.")


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="web processes")
@click.option("--threads", default=4, show_default=True, help="threads in each")
@click.option("--jobs/--no-jobs", default=True, help="also run `portal work` as a child process")
def serve(host: str, port: int, workers: int, threads: int, jobs: bool) -> None:
    """Serves the portal, with a worker for jobs beside it."""
    settings = Settings.load()
    _refuse_old_schema(settings)
    with _worker(settings) if jobs else _nothing():
        _gunicorn(settings, f"{host}:{port}", workers=workers, threads=threads)


@cli.command()
@click.option("--once", is_flag=True, help="do what is due and stop")
def work(once: bool) -> None:
    """Runs jobs: letters, packs, mail, and what time itself asks for each day."""
    from portal import wiring
    from portal import work as working
    from portal.documents import render
    from portal.runtime import Runtime

    wiring.connect_packages()
    render.preload()  # so that each render is a fork with everything ready
    runtime = Runtime.open(Settings.load())
    stopping = _until_told_to_stop()
    while not stopping():
        working.queue_daily_duties(runtime)
        busy = working.run_one(runtime)
        if once and not busy:
            break
        if not busy:
            time.sleep(IDLE_SECONDS)
    runtime.close()


@cli.command()
@click.option("--port", default=5000, show_default=True)
@click.option("--fresh", is_flag=True, help="begin again with new invented data")
def demo(port: int, fresh: bool) -> None:
    """Starts a sample authority: invented children, people and cases in every state; mail is shown on a page."""
    from portal import demo as sample

    os.environ.setdefault("PORTAL_INSTANCE", str(ROOT / "instance" / "demo"))
    settings = sample.prepare(_instance(), port=port, fresh=fresh)
    with _worker(settings):
        _gunicorn(settings, f"127.0.0.1:{port}", workers=1, threads=8, ready=lambda: click.echo(sample.told(settings)))


@cli.command(name="import")
@click.argument("format_", metavar="FORMAT", type=click.Choice(["cin-census", "directory"]))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="end with one JSON object on standard output")
def import_(format_: str, file: Path, as_json: bool) -> None:
    """Brings records in from FILE. Ends with 0 when nothing was refused, 1 when a child was, 2 when unreadable."""
    from portal.cases.corrections import clashing
    from portal.records.feeds import importing
    from portal.runtime import Runtime

    runtime = Runtime.open(Settings.load())
    _refuse_old_schema(runtime.settings)
    try:
        report = importing.run(runtime.database, format_, file, progress=sys.stderr.isatty())
        with runtime.database.write() as session:
            clashing.have_told(session)
    except importing.FeedUnreadable as unreadable:
        if as_json:
            click.echo(json.dumps(importing.unreadable_report(format_, file, str(unreadable))))
        click.echo(f"portal: {file} could not be read: {unreadable}", err=True)
        raise SystemExit(2) from None
    finally:
        runtime.close()
    click.echo(json.dumps(report.as_json()) if as_json else report.in_words())
    raise SystemExit(1 if report.refused else 0)


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--holidays", type=click.Path(dir_okay=False, path_type=Path), help="file of bank holidays to use")
def clock(file: Path, holidays: Path | None) -> None:
    """Answers each row of FILE with the dates of its statutory clock, as CSV."""
    from portal.calendar import CalendarError, HolidayCalendar
    from portal.clock_file import run

    try:  # works without an installation, so that anybody can check a date
        calendar = HolidayCalendar.load(holidays or configuration.holidays_file_of(_instance()))
    except CalendarError as wrong:
        click.echo(f"portal: {wrong}", err=True)
        raise SystemExit(2) from None
    raise SystemExit(run(file, sys.stdout, calendar))


@cli.command()
@click.option("--json", "as_json", is_flag=True)
def check(as_json: bool) -> None:
    """Proves the ledger, the log's chains, the stored files and the keys; names the row at fault."""
    from portal import checking
    from portal.runtime import Runtime

    runtime = Runtime.open(Settings.load())
    faults = list(checking.faults(runtime))
    runtime.close()
    if as_json:
        click.echo(json.dumps({"faults": faults}))
    else:
        click.echo("\n".join(faults) if faults else "Ledger, log, files and keys hold.")
    raise SystemExit(1 if faults else 0)


@cli.group()
def docs() -> None:
    """Prints what the portal itself knows about how it works, for an officer or a lawyer."""


@docs.command(name="processing-record")
def processing_record() -> None:
    """The record of processing activities (UK GDPR Article 30), from the columns' own comments."""
    from portal import processing, schema  # noqa: F401  (importing the schema names every table)

    click.echo("\n".join(processing.record(controller=Settings.load().authority_name)))


@docs.command(name="route-matrix")
def route_matrix() -> None:
    """Who may open which page, in which states of a case, and which classes of data it shows (ASVS V8.1)."""
    from portal import route_matrix as matrix

    click.echo("\n".join(matrix.printed()))


def _instance() -> Path:
    return Path(os.environ.get("PORTAL_INSTANCE") or ROOT / "instance").resolve()


def _settings_template() -> str:
    lines = ["# Settings of this installation. A line without its # counts.\n"]
    for name, (default, sentence) in configuration.told().items():
        if name != "demo":
            lines.append(f"# {sentence}\n# {name} = {json.dumps(default)}\n")
    return "\n".join(lines)


def _refuse_old_schema(settings: Settings) -> None:
    from portal import db
    from portal.migrate import pending

    engine = db.connect(settings.database, pool_size=1)
    behind = pending(engine)
    engine.dispose()
    if behind:
        raise SettingsError("The database is not at this version's schema. Run `portal migrate` first.")


@contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """`portal work` as a child process: started again when it dies, ended with its parent."""
    environ = {**os.environ, "PORTAL_INSTANCE": str(settings.instance)}
    over, children = threading.Event(), [_start_worker(environ)]

    def watch() -> None:
        while not over.is_set():
            children[-1].wait()
            if not over.wait(RESTART_SECONDS):  # it died: another takes over what it left
                children.append(_start_worker(environ))

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()
        children[-1].terminate()
        children[-1].wait(timeout=30)


def _start_worker(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "portal.cli", "work"], env=environ)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _until_told_to_stop() -> Callable[[], bool]:
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: told.append(got))
    parent = os.getppid()
    return lambda: bool(told) or os.getppid() != parent  # an orphan stops too


def _gunicorn(
    settings: Settings, bind: str, *, workers: int, threads: int, ready: Callable[[], None] = lambda: None
) -> None:
    """Serves until told to stop; `ready` is called once connections are taken."""
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    class Server(BaseApplication):
        def load_config(self) -> None:
            for name, value in {
                "bind": bind,
                "workers": workers,
                "threads": threads,
                "worker_class": "gthread",
                "timeout": 60,
                "graceful_timeout": 20,
                "accesslog": None,  # addresses of pages are nobody's business
                "loglevel": "warning",
                "limit_request_line": 4094,
                "forwarded_allow_ips": "",
                "when_ready": lambda _server: ready(),
            }.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            from portal import create_app

            return create_app(settings)

    Server().run()


if __name__ == "__main__":
    main()
