"""Files that people send: what is taken, and what it takes to be opened by somebody else.

A photo is rebuilt from its pixels alone, so that nothing that came with it (place, date, camera, hidden files)
stays. A PDF is only counted and kept sealed: nobody is shown it before it has been made into pictures of its pages.
Both are read in a limited child process.
"""

from __future__ import annotations

import enum
import io
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal import limited
from portal.scanner import Verdict
from workflows.words import mark as _

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Limits:
    """What is taken (security.md section 7); the words of refusal below say the same figures."""

    file_bytes: int = 10_000_000
    files_per_step: int = 10
    case_bytes: int = 100_000_000
    pixels: int = 25_000_000
    pages: int = 200
    name_letters: int = 100


LIMITS = Limits()
_MIB = 1 << 20


class Kind(enum.StrEnum):
    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"


class Status(enum.StrEnum):
    """How a file stands. Only a CLEAN one is shown; the others are known by name, size and pages."""

    HELD = "held"  # the scanner has not answered yet
    CLEAN = "clean"
    QUARANTINED = "quarantined"
    INFECTED = "infected"


@dataclass(frozen=True)
class Accepted:
    """A file that was taken: `data` is what to keep (a photo's is rebuilt), `pages` counts a PDF's, 1 for a photo;
    `name` is the sender's, fit to be shown."""

    kind: Kind
    data: bytes
    pages: int
    status: Status
    name: str = ""


class UploadRefused(Exception):
    """The file is not taken; `words` (marked for translation) tell the sender why and what to do."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


EMPTY = _("This file is empty. Check it opens on your device, then choose it again.")
TOO_LARGE = _("This file is bigger than 10 MB. Send a smaller copy, or split it into parts.")
TOO_MANY = _("You can add 10 files here. Remove one before you add another.")
NO_ROOM = _("There is no room for more files. Tell us in a message and we will find another way.")
WRONG_KIND = _("We can take PDF, JPEG and PNG files. Save or photograph it as one of these, then try again.")
APPLE_PHOTO = _("We cannot open HEIC photos yet. Save the photo as a JPEG, or send a screenshot of it.")
NOT_WHAT_IT_SAYS = _("The end of the file's name does not match what is in it. Save it again as PDF, JPEG or PNG.")
DAMAGED = _("We could not read this file. Check it opens on your device, then save it again or send a photo of it.")
TOO_DETAILED = _("This picture is too large to open. Send a smaller copy, up to 25 megapixels.")
LOCKED = _("This PDF has a password. Save a copy without the password, then choose that copy.")
TOO_LONG = _("This PDF has more than 200 pages. Split it into parts, then send each part.")
UNSAFE = _("We could not open this file safely. Print it to a new PDF, or send photos of its pages.")

_BY_ENDING = {"pdf": Kind.PDF, "jpg": Kind.JPEG, "jpeg": Kind.JPEG, "png": Kind.PNG}
_BY_START = {b"%PDF-": Kind.PDF, b"\xff\xd8\xff": Kind.JPEG, b"\x89PNG\r\n\x1a\n": Kind.PNG}
_REFUSED, _TAKEN = b"-", b"+"
_REASONS = {b"damaged": DAMAGED, b"detailed": TOO_DETAILED, b"locked": LOCKED, b"long": TOO_LONG}


def inspect(filename: str, data: bytes) -> Accepted:
    """Takes the file or raises UploadRefused. Its name's ending, its first bytes and a full reading must agree."""
    kind = _kind(filename, data)
    if kind is Kind.PDF:
        return Accepted(kind, data, int(_in_child("count_pages", data)), Status.QUARANTINED, display_name(filename))
    return Accepted(kind, _in_child(f"rebuild_{kind}", data), 1, Status.CLEAN, display_name(filename))


def check_room(*, files_in_step: int, bytes_in_case: int, size: int) -> None:
    """Raises UploadRefused when a file of `size` bytes is one too many for the step or the case."""
    if files_in_step >= LIMITS.files_per_step:
        raise UploadRefused(TOO_MANY)
    if bytes_in_case + size > LIMITS.case_bytes:
        raise UploadRefused(NO_ROOM)


def status_after_scan(accepted: Status, verdict: Verdict) -> Status:
    """How a file stands once the scanner was asked; one that is configured and silent holds everything."""
    if verdict is Verdict.INFECTED:
        return Status.INFECTED
    if verdict is Verdict.UNAVAILABLE:
        return Status.HELD
    return accepted


def display_name(filename: str) -> str:
    """The sender's name for the file, fit to be shown: no folders, no controls, no tricks of direction, not too long.

    For display alone, never part of a path."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    name = " ".join("".join(_shown(letter) for letter in unicodedata.normalize("NFC", last)).split()).lstrip(".")
    if len(name) <= LIMITS.name_letters:
        return name or "file"
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 4:
        return name[: LIMITS.name_letters]
    return stem[: LIMITS.name_letters - len(ending) - 1] + dot + ending


def download_name(kind: Kind, number: int) -> str:
    """A name that tells nothing of what is inside, for whoever downloads the file."""
    ending = "jpg" if kind is Kind.JPEG else str(kind)
    return f"file-{number}.{ending}"


def _shown(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    return "" if category in ("Cf", "Cs", "Co", "Cn") else letter


def _kind(filename: str, data: bytes) -> Kind:
    if not data:
        raise UploadRefused(EMPTY)
    if len(data) > LIMITS.file_bytes:
        raise UploadRefused(TOO_LARGE)
    ending = filename.rpartition(".")[2].strip().lower()
    if ending in ("heic", "heif") or data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        raise UploadRefused(APPLE_PHOTO)
    started = next((kind for start, kind in _BY_START.items() if data.startswith(start)), None)
    if started is None:
        raise UploadRefused(WRONG_KIND)
    if _BY_ENDING.get(ending) is not started:
        raise UploadRefused(NOT_WHAT_IT_SAYS)
    return started


def _in_child(function: str, data: bytes) -> bytes:
    try:
        answer = limited.run_spawned(
            f"portal.uploads:{function}", data, cpu_seconds=20, memory_bytes=768 * _MIB, wall_seconds=40
        )
    except limited.Failed:
        raise UploadRefused(UNSAFE) from None
    if not answer.startswith(_TAKEN):
        raise UploadRefused(_REASONS.get(answer.removeprefix(_REFUSED), UNSAFE))
    return answer.removeprefix(_TAKEN)


# Run in the child; they answer "+" and the result, or "-" and why not


def rebuild_jpeg(data: bytes) -> bytes:
    return _rebuilt(data, Kind.JPEG)


def rebuild_png(data: bytes) -> bytes:
    return _rebuilt(data, Kind.PNG)


def count_pages(data: bytes) -> bytes:
    """Reads every page's content, so that a file that swells does so here."""
    import pikepdf  # noqa: PLC0415  only the child loads what reads hostile files

    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            if pdf.is_encrypted:
                return _REFUSED + b"locked"
            count = len(pdf.pages)
            if count > LIMITS.pages:
                return _REFUSED + b"long"
            for page in pdf.pages:
                page.contents_coalesce()
                if "/Contents" in page:
                    page.Contents.read_bytes()
    except pikepdf.PasswordError:
        return _REFUSED + b"locked"
    except pikepdf.DataDecodingError:  # also how the library says that there was no memory left
        return _REFUSED + b"unsafe"
    except (
        pikepdf.PdfError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
    ):  # parts that are not what they say
        return _REFUSED + b"damaged"
    return _TAKEN + str(count).encode() if count else _REFUSED + b"damaged"


def _rebuilt(data: bytes, kind: Kind) -> bytes:
    from PIL import Image, ImageOps  # noqa: PLC0415  as above

    try:
        with Image.open(io.BytesIO(data), formats=[kind.upper()]) as image:
            if image.width * image.height > LIMITS.pixels:  # known from the header, before a pixel is decoded
                return _REFUSED + b"detailed"
            image.load()
            upright = ImageOps.exif_transpose(image)
    except Image.DecompressionBombError:
        return _REFUSED + b"detailed"
    except (OSError, SyntaxError, ValueError, EOFError):  # the library's ways to say: not an image
        return _REFUSED + b"damaged"
    pixels = _plain(upright, kind)
    fresh = Image.new(pixels.mode, pixels.size)
    fresh.paste(pixels)
    out = io.BytesIO()
    fresh.save(out, kind.upper(), **({"quality": 90} if kind is Kind.JPEG else {}))
    return _TAKEN + out.getvalue()


def _plain(image: Image.Image, kind: Kind) -> Image.Image:
    """The image in a mode its format keeps without a palette or profile."""
    if image.mode in ("I", "I;16", "I;16B"):  # sixteen bits of grey: keep the upper eight
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if kind is Kind.JPEG:
        return image if image.mode in ("L", "RGB") else image.convert("RGB")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")
