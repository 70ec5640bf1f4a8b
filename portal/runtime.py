"""What a running portal holds: settings, database, vault, files. Made once per process, by the web app or a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portal.calendar import CalendarError, HolidayCalendar
from portal.db import Database
from portal.settings import Settings, SettingsError
from portal.vault import Vault
from portal.vault.files import FileStore
from portal.vault.keyring import Keyring
from workflows.facts import Nation


@dataclass(frozen=True)
class Runtime:
    """The parts every door, job and command works with."""

    settings: Settings
    database: Database
    vault: Vault
    files: FileStore
    calendar: HolidayCalendar

    @classmethod
    def open(cls, settings: Settings) -> Runtime:
        """Opens the stores of this installation; the schema must be migrated already."""
        vault = Vault(Keyring(settings.keyring, settings.secrets.master), settings.secrets.index)
        try:
            calendar = HolidayCalendar.load(Path(settings.holidays_file) if settings.holidays_file else None)
        except CalendarError as wrong:
            raise SettingsError(str(wrong)) from wrong
        files = FileStore(settings.files, vault)
        context = {"settings": settings, "holidays": calendar.of(Nation(settings.nation)), "files": files}
        return cls(settings, Database(settings.database, vault, context=context), vault, files, calendar)

    def close(self) -> None:
        self.database.dispose()
        self.vault.keyring.dispose()
