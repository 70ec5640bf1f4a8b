"""Pack and letters -> HTML -> PDF.

The HTML is made from a frozen value in this process; the PDF in a forked child with limits, where everything that could
be fetched is refused: a picture, a font, a style or a file that is asked for ends the job (security.md 0 and 7). The
worker calls `preload()` once before it forks.
"""

from __future__ import annotations

import datetime
import gc
import hashlib
import json
import math
import re
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import jinja2
from babel.dates import format_date, format_datetime, get_timezone
from babel.support import Translations

from portal import limited
from portal.documents import ordering, short
from portal.documents.answer import Decision
from portal.documents.frozen import made_printable
from portal.documents.pack import Pack, Text
from portal.documents.short import Places
from portal.text import beyond_the_fonts

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
SHEETS = ROOT / "portal" / "static" / "print"
LONDON = "Europe/London"
MEBIBYTE = 1 << 20
_LONG_RUN = re.compile(r"\S{60,90}?(?=\w\S{59})")  # before a letter, never before its marks
LARGEST = 24 * MEBIBYTE  # of HTML: about 5,000 pages


class TooMuch(ValueError):
    """More than one file can hold: the pack has to be given in parts."""


def pack_html(pack: Pack, *, for_screen: bool, order: str = ordering.BY_CATEGORY) -> str:
    """The pack as HTML: a whole document for paper, or for the screen the part that a page of the portal includes.

    By category, which is how it is approved, a child's copy begins with the short version."""
    template = "disclosure/_pack.html" if for_screen else "disclosure/pack.html"
    page = _environment(pack.language).get_template(template)
    clean = made_printable(pack)
    facts = {
        "pack": clean,
        "for_screen": for_screen,
        "parts": ordering.parts(clean, order),
        "kinds": ordering.kinds(clean, order),
        "short": short.of(clean) if clean.for_child and order == ordering.BY_CATEGORY else None,
        "places": short.inside(clean),
        **_dates(clean.language),
    }
    made = page.render(facts, unprinted=False)
    # Boxes in the place of somebody's words say nothing: paper says where they can be read.
    return page.render(facts, unprinted=True) if not for_screen and beyond_the_fonts(made) else made


def fixed_words(pack: Pack) -> str:
    """HTML of the same pack without anything of the record: wording, names and addresses that stand in every copy.

    The leak gate takes it as given: a removed word that is also one of these is told apart from one that got away."""
    # A child's copy has words of its own for each category that is in it.
    named = tuple(replace(one, entries=()) for one in pack.categories) if pack.for_child else ()
    bare = replace(pack, categories=named, shared=(), searched=(), still_to_come="", withheld_because=())
    return pack_html(bare, for_screen=False)


def short_html(pack: Pack, places: Places) -> str:
    """The short version of a child's copy, for a page of its own, with links to `places`."""
    clean = made_printable(pack)
    page = _environment(clean.language).get_template("disclosure/short.html")
    return page.render(pack=clean, short=short.of(clean), places=places, **_dates(clean.language))


def decision_html(decision: Decision, *, for_screen: bool) -> str:
    """The answer to a challenge as HTML, as pack_html."""
    template = "disclosure/_decision.html" if for_screen else "disclosure/decision.html"
    return (
        _environment(decision.language)
        .get_template(template)
        .render(decision=made_printable(decision), for_screen=for_screen, **_dates(decision.language))
    )


def letter_html(template: str, facts: Any, language: str) -> str:
    """A letter of `templates/letters/` (`template` like "subject_access/refusal"). A missing fact raises
    jinja2.UndefinedError: a letter with a hole in it must not exist."""
    page = _environment(language).get_template(f"letters/{template}.html")
    return page.render(letter=facts, **_dates(language))


def expected_pages(pack: Pack) -> int:
    """A generous guess, for the limits of the renderer."""
    texts = [part.text if isinstance(part, Text) else part.phrase for each in pack.entries for part in each.value]
    letters = sum(len(text) + 60 * text.count("\n") for text in texts)
    return 10 + len(pack.entries) // 3 + letters // 1500


def pdf(html: str, *, pages: int = 100) -> bytes:
    """The pack's PDF/UA-1. `pages` is how many are expected: time and memory grow with it.

    Raises limited.Failed when the renderer passes its limits, wants to fetch something or crashes; TooMuch."""
    return _rendered(html, "pack", pages)


def letter_pdf(html: str) -> bytes:
    """As pdf, for a letter."""
    return _rendered(html, "letter", 10)


def file_name(copy_number: str) -> str:
    """The name a copy is downloaded under: it says nothing about anybody."""
    safe = "".join(letter for letter in copy_number if letter.isascii() and (letter.isalnum() or letter == "-"))
    return f"document-{safe}.pdf"


@cache
def template_version() -> str:
    """SHA-256 over all that shapes a copy besides its pack: templates, styles, our patches and the renderer."""
    from portal.documents import pdfua  # noqa: PLC0415  loads the renderer

    known = hashlib.sha256(f"{pdfua.WEASYPRINT} {pdfua.PYDYF}".encode())
    sources = [*TEMPLATES.glob("disclosure/*.html"), *TEMPLATES.glob("letters/_*.html"), *SHEETS.glob("*.css")]
    for path in sorted([*sources, Path(pdfua.__file__), Path(__file__)]):
        data = path.read_bytes()
        known.update(f"{path.relative_to(ROOT)} {len(data)} ".encode() + data)
    return known.hexdigest()


def preload() -> None:
    """Loads the renderer and wakes the fonts, so that a fork has them ready."""
    _write(_job("<html lang=en><title>-</title><p>-", "letter"))


# In the child


def _rendered(html: str, sheet: str, pages: int) -> bytes:
    job = _job(html, sheet)
    if len(job) > LARGEST:
        raise TooMuch("this is too long for one file; give it in parts")
    from portal.documents import pdfua  # noqa: PLC0415  the renderer is loaded before the fork, with its libraries

    pdfua.apply()
    cpu = math.ceil(30 + 0.1 * pages)
    memory = 1024 * MEBIBYTE + 3 * MEBIBYTE * pages
    return limited.run_forked(_write, job, cpu_seconds=cpu, memory_bytes=memory, wall_seconds=2 * cpu)


def _job(html: str, sheet: str) -> bytes:
    css = "\n".join((SHEETS / f"{name}.css").read_text() for name in ("page", sheet))
    return json.dumps([html, css]).encode()


def _write(job: bytes) -> bytes:
    """The task of the child: no address is a base, nothing is fetched, no style but ours, no hints of the markup."""
    import weasyprint  # noqa: PLC0415
    from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415

    from portal.documents import pdfua  # noqa: PLC0415

    pdfua.apply()
    gc.disable()  # the tree of boxes only grows: walking it again and again takes a third of the time
    try:
        html, css = json.loads(job)
        fonts = FontConfiguration()
        fetcher = _nothing_fetched()
        sheet = weasyprint.CSS(string=css, font_config=fonts, url_fetcher=fetcher)
        page = weasyprint.HTML(string=html, url_fetcher=fetcher)
        written = page.write_pdf(stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1")
        return bytes(written)
    finally:
        gc.enable()


@cache
def _nothing_fetched() -> Any:
    from weasyprint.urls import FatalURLFetchingError, URLFetcher  # noqa: PLC0415

    class NothingFetched(URLFetcher):
        """An ordinary error would be logged and the page printed with a hole; the fatal one ends the job. It is no
        Exception, so it passes every handler between here and the child's end."""

        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ARG002
            raise FatalURLFetchingError("nothing is fetched")

    return NothingFetched()


# Words


def breakable(text: str) -> str:
    """`text` with places to break in runs without a space that no line holds: the renderer's time for one long word
    grows with the square of its length. The sign used has no width, and the leak gate looks through it."""
    return _LONG_RUN.sub("\\g<0>\N{ZERO WIDTH SPACE}", text)


@cache
def _environment(language: str) -> jinja2.Environment:
    """Templates of paper. They know no request, so neither a job nor a test needs one."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    words = Translations.load(ROOT / "portal" / "translations", [language])
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    return environment


def _dates(language: str) -> dict[str, Any]:
    locale = "en_GB" if language == "en" else language
    return {"day": partial(_day, locale), "moment": partial(_moment, locale)}


def _day(locale: str, date: datetime.date) -> str:
    return format_date(date, "d MMMM y", locale=locale)


def _moment(locale: str, time: datetime.datetime) -> str:
    return format_datetime(time, "d MMMM y, HH:mm", tzinfo=get_timezone(LONDON), locale=locale)
