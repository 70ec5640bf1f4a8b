"""Settings of one installation, read once. Without its secrets the portal refuses to start."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECRET_FILES = ("master.key", "web.key", "index.key", "pepper.key")


class SettingsError(Exception):
    """A setting is missing or wrong; the words say what to do."""


def _setting(default: Any, told: str) -> Any:
    """A setting with its default and the sentence that the README and `portal init` print."""
    return field(default=default, metadata={"told": told})


@dataclass(frozen=True)
class Secrets:
    """Keys of this installation. `master` wraps every data key; `index` makes blind look-ups."""

    master: bytes
    web: bytes
    index: bytes
    pepper: bytes

    def __repr__(self) -> str:  # a traceback must not print keys
        return "Secrets(…)"

    @classmethod
    def read(cls, folder: Path) -> Secrets:
        """Reads the four key files of `folder`; raises SettingsError when one is missing or short."""
        found = []
        for name in SECRET_FILES:
            path = folder / name
            try:
                value = bytes.fromhex(path.read_text().strip())
            except (OSError, ValueError):
                value = b""
            if len(value) < 32:  # an empty key would be accepted by the libraries (security.md 6d)
                raise SettingsError(f"The key file {path} is missing or damaged. Run `portal init` first.")
            found.append(value)
        return cls(*found)

    @classmethod
    def make(cls, folder: Path) -> None:
        """Writes the key files that do not exist yet, readable by this user only."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in SECRET_FILES:
            path = folder / name
            if path.exists():
                continue
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_hex(32))


@dataclass(frozen=True)
class Settings:
    """Every setting; each can be given in `instance/settings.toml` or as an environment variable of its name
    in capitals (`PORTAL_INSTANCE` chooses the folder)."""

    instance: Path
    secrets: Secrets
    database_url: str = _setting("", "Where the data lives; empty means SQLite in the instance folder.")
    owner_database_url: str = _setting(
        "", "PostgreSQL only: the role that migrates; the portal itself runs as the role of DATABASE_URL."
    )
    keyring_url: str = _setting("", "Where wrapped keys live; empty means keyring.db in the instance folder.")
    family_url: str = _setting("http://127.0.0.1:5000", "Address families use; links in mails start with it.")
    staff_url: str = _setting("http://127.0.0.1:5000", "Address staff use; another host keeps the doors apart.")
    service_name: str = _setting("Records service", "Neutral name of the service in the head and title of each page.")
    authority_name: str = _setting("the council", "The controller's name in letters.")
    authority_address: str = _setting("", "The controller's postal address; lines are separated by a bar: |.")
    authority_phone: str = _setting("", "A number families can ring.")
    authority_email: str = _setting("", "An address families can write to.")
    nation: str = _setting("england-and-wales", "england-and-wales, scotland or northern-ireland: law and holidays.")
    holidays_file: str = _setting("", "A file that adds or removes bank holidays (docs/operations.md).")
    competence_prompt_age: int = _setting(12, "Age from which a competence assessment is asked for (R-44).")
    copy_days: int = _setting(30, "Days for which a released copy can be read, until it is opened again.")
    copy_downloads: int = _setting(10, "How often a copy can be downloaded within those days.")
    restrict_by_default: bool = _setting(default=False, told="Whether every disputed entry is restricted too (R-105).")
    source_answer_days: int = _setting(10, "Days within which a body that is asked about an entry should answer.")
    authority_code: str = _setting(
        "", "Code of the authority whose directory this is, as in the census (docs/directory-csv.md)."
    )
    regulator_name: str = _setting("Information Commissioner's Office", "The regulator (R-98).")
    regulator_link: str = _setting("https://ico.org.uk/make-a-complaint/", "Where to complain to the regulator.")
    staff_passwords: bool = _setting(
        default=True, told="Whether staff may come in by password, besides OpenID Connect."
    )
    staff_openid_issuer: str = _setting("", "The directory by which staff sign in: issuer of its OpenID Connect.")
    staff_openid_client_id: str = _setting(
        "", "What the portal is called there; its secret stands in keys/staff-openid.key."
    )
    staff_openid_name: str = _setting("your work account", "What the button calls it: Sign in with ….")
    staff_openid_acr: str = _setting("", "Values of the acr claim that stand for two factors, with commas between.")
    staff_openid_amr: str = _setting("mfa", "Values of the amr claim that stand for two factors, with commas between.")
    family_openid_issuer: str = _setting("", "A national sign-in that families may use: issuer of its OpenID Connect.")
    family_openid_client_id: str = _setting(
        "", "What the portal is called there; its private key stands in keys/family-openid.key."
    )
    family_openid_name: str = _setting("GOV.UK One Login", "What the button calls it: Sign in with ….")
    family_openid_vtr: str = _setting("Cl.Cm", "The vector of trust that is asked for; Cl.Cm is two factors.")
    mail_url: str = _setting("", "smtp://host:port, smtp+starttls://…, smtps://…, or folder:/path; empty holds mail.")
    mail_from: str = _setting("no-reply@example.org", "Sender of mails.")
    mail_from_name: str = _setting("Records service", "Neutral name of the sender.")
    telephone_url: str = _setting(
        "", "Text messages and calls: https://key@host/path of a provider, or folder:/path; empty means there are none."
    )
    quick_exit_url: str = _setting("https://www.bbc.co.uk/weather", "Where the quick exit leads.")
    scanner_socket: str = _setting("", "Unix socket of a malware scanner; when set, uploads wait for it.")
    breached_passwords_file: str = _setting(
        "", "A file of breached passwords (SHA-1:count on each line, in order), which staff may not choose."
    )
    trusted_proxies: int = _setting(0, "How many proxies in front set X-Forwarded headers.")
    demo: bool = _setting(default=False, told="Set by `portal demo` alone: invented data, mail shown on a page.")

    @property
    def secure_cookies(self) -> bool:
        """Cookies are Secure wherever the portal is served over TLS."""
        return self.family_url.startswith("https://")

    @property
    def one_host(self) -> bool:
        return self.family_url == self.staff_url

    @property
    def database(self) -> str:
        return _driver(self.database_url) or f"sqlite:///{self.instance / 'portal.db'}"

    @property
    def owner_database(self) -> str:
        return _driver(self.owner_database_url) or self.database

    @property
    def keyring(self) -> str:
        return _driver(self.keyring_url) or f"sqlite:///{self.instance / 'keyring.db'}"

    @property
    def files(self) -> Path:
        return self.instance / "files"

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, **overrides: object) -> Settings:
        """Reads settings.toml of the instance folder, then the environment, then `overrides`.

        Raises SettingsError for an unknown name, a value of the wrong kind, or missing secrets."""
        instance = Path(environ.get("PORTAL_INSTANCE") or ROOT / "instance").resolve()
        values = {**_from_file(instance / "settings.toml"), **_from_environment(environ), **overrides}
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise SettingsError(f"There is no setting called {', '.join(unknown)}.")
        settings = cls(instance=instance, secrets=Secrets.read(instance / "keys"), **values)  # type: ignore[arg-type]
        settings._check()
        return settings

    def _check(self) -> None:
        if self.nation not in {"england-and-wales", "scotland", "northern-ireland"}:
            raise SettingsError("NATION must be england-and-wales, scotland or northern-ireland.")
        for name in ("family_url", "staff_url"):
            value = getattr(self, name)
            if not value.startswith(("http://", "https://")):
                raise SettingsError(f"{name.upper()} must start with https:// (or http:// on this machine).")
        for door in ("staff", "family"):
            self._check_openid(door)
        if self.breached_passwords_file and not os.access(self.breached_passwords_file, os.R_OK):
            raise SettingsError(f"BREACHED_PASSWORDS_FILE: {self.breached_passwords_file} cannot be read.")

    def _check_openid(self, door: str) -> None:
        """A sign-in elsewhere is either whole or not there at all."""
        issuer = getattr(self, f"{door}_openid_issuer")
        if not issuer:
            return
        if not issuer.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise SettingsError(f"{door.upper()}_OPENID_ISSUER must start with https://.")
        if not getattr(self, f"{door}_openid_client_id"):
            raise SettingsError(f"{door.upper()}_OPENID_CLIENT_ID is missing.")
        if door == "staff" and not (self.staff_openid_acr or self.staff_openid_amr):
            raise SettingsError("STAFF_OPENID_ACR or STAFF_OPENID_AMR must say what stands for two factors.")
        self.openid_key(door)

    def openid_key(self, door: str) -> str:
        """What proves to the sign-in elsewhere that it is us; a file, so that it stands in no environment."""
        path = self.instance / "keys" / f"{door}-openid.key"
        try:
            found = path.read_text(encoding="utf-8").strip()
        except OSError:
            found = ""
        if not found:
            raise SettingsError(f"The key file {path} is missing or empty. Put there what the sign-in elsewhere gave.")
        return found


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def told() -> dict[str, tuple[object, str]]:
    """Name -> (default, sentence) of every setting, for the README and `portal init`."""
    return {f.name: (f.default, f.metadata["told"]) for f in fields(Settings) if "told" in f.metadata}


def holidays_file_of(instance: Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The operator's file of bank holidays, without needing the rest of an installation."""
    name = environ.get("HOLIDAYS_FILE") or _from_file(instance / "settings.toml").get("holidays_file")
    return Path(str(name)) if name else None


def _from_file(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        return dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise SettingsError(f"{path} cannot be read: {wrong}") from wrong


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, (default, _sentence) in told().items():
        value = environ.get(name.upper())
        if value is None or name == "demo":
            continue
        found[name] = _as_kind(name, value, default)
    return found


def _as_kind(name: str, value: str, default: object) -> object:
    if isinstance(default, bool):
        return value.lower() in {"1", "yes", "true", "on"}
    if isinstance(default, int):
        if not value.isdigit():
            raise SettingsError(f"{name.upper()} must be a whole number.")
        return int(value)
    return value
