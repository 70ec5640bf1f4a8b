"""Files people send: what is taken comes out harmless, what is not is refused in words that help."""

import io
import struct
import zlib

import pikepdf
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from portal import uploads
from portal.scanner import Verdict
from portal.uploads import LIMITS, Kind, Status, UploadRefused, inspect


def picture(kind: str, *, size=(40, 20), mode="RGB", **saved) -> bytes:
    image = Image.new(mode, size, 200 if mode == "L" else None)
    if mode == "RGB":
        image.paste((250, 10, 10), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, kind, **saved)
    return out.getvalue()


def document(pages: int = 1, **saved) -> bytes:
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page()
    out = io.BytesIO()
    pdf.save(out, **saved)
    return out.getvalue()


def bomb() -> bytes:
    """A small PDF whose page swells to a gigabyte."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page().obj
    squeezed = zlib.compress(zlib.compress(bytes(1 << 30), 1), 9)
    page.Contents = pdf.make_stream(b"")
    page.Contents.write(squeezed, filter=[pikepdf.Name.FlateDecode] * 2, decode_parms=None)
    out = io.BytesIO()
    pdf.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header promises many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(UploadRefused) as caught:
        inspect(name, data)
    return caught.value.words


@pytest.mark.parametrize(
    ("name", "data", "kind", "status"),
    [
        ("letter.pdf", document(3), Kind.PDF, Status.QUARANTINED),
        ("photo.jpg", picture("JPEG"), Kind.JPEG, Status.CLEAN),
        ("PHOTO.JPEG", picture("JPEG", mode="CMYK"), Kind.JPEG, Status.CLEAN),
        ("scan.png", picture("PNG"), Kind.PNG, Status.CLEAN),
        ("grey.png", picture("PNG", mode="I;16"), Kind.PNG, Status.CLEAN),
        ("see-through.png", picture("PNG", mode="RGBA"), Kind.PNG, Status.CLEAN),
        ("fax.png", picture("PNG", mode="1"), Kind.PNG, Status.CLEAN),
        ("palette.png", picture("PNG", mode="P"), Kind.PNG, Status.CLEAN),
    ],
)
def test_a_sound_file_is_taken(name, data, kind, status):
    accepted = inspect(name, data)
    assert (accepted.kind, accepted.status) == (kind, status)
    assert accepted.pages == (3 if kind is Kind.PDF else 1)
    if kind is Kind.PDF:
        assert accepted.data == data
    else:
        assert Image.open(io.BytesIO(accepted.data)).format == kind.upper()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.pdf", b"", uploads.EMPTY),
        ("large.pdf", b"%PDF-1.7" + bytes(LIMITS.file_bytes), uploads.TOO_LARGE),
        ("letter.docx", b"PK\x03\x04rest", uploads.WRONG_KIND),
        ("letter.pdf", b"PK\x03\x04rest", uploads.WRONG_KIND),
        ("page.pdf", b"<html><script>", uploads.WRONG_KIND),
        ("no ending", picture("PNG"), uploads.NOT_WHAT_IT_SAYS),
        ("photo.jpg", picture("PNG"), uploads.NOT_WHAT_IT_SAYS),
        ("photo.png", document(), uploads.NOT_WHAT_IT_SAYS),
        ("photo.exe", picture("PNG"), uploads.NOT_WHAT_IT_SAYS),
        ("photo.heic", b"\0\0\0\x18ftypheic", uploads.APPLE_PHOTO),
        ("photo.jpg", b"\0\0\0\x18ftypheic", uploads.APPLE_PHOTO),
        ("cut.jpg", picture("JPEG", size=(400, 400))[:900], uploads.DAMAGED),
        ("cut.png", picture("PNG", size=(400, 400))[:60], uploads.DAMAGED),
        ("just-a-start.jpg", b"\xff\xd8\xff", uploads.DAMAGED),
        ("huge.png", huge_png(5001, 5000), uploads.TOO_DETAILED),
        ("gigantic.png", huge_png(100_000, 100_000), uploads.TOO_DETAILED),
        ("promise.png", huge_png(50, 50), uploads.DAMAGED),
        ("locked.pdf", document(encryption=pikepdf.Encryption(owner="a", user="b")), uploads.LOCKED),
        ("half-locked.pdf", document(encryption=pikepdf.Encryption(owner="a", user="")), uploads.LOCKED),
        ("long.pdf", document(201), uploads.TOO_LONG),
        ("no-pages.pdf", document(0), uploads.DAMAGED),
        ("rubbish.pdf", b"%PDF-1.7 and nothing more", uploads.DAMAGED),
        ("bomb.pdf", bomb(), uploads.UNSAFE),
    ],
)
def test_an_unfit_file_is_refused_with_words_that_say_what_to_do(name, data, words):
    assert refusal(name, data) == words


def test_a_file_keeps_its_name_for_display_alone():
    assert inspect("C:\\papers\\my\u202e photo.png", picture("PNG")).name == "my photo.png"


def test_two_hundred_pages_are_still_taken():
    assert inspect("long.pdf", document(200)).pages == 200


def test_nothing_that_came_with_a_photo_stays():
    exif = Image.Exif()
    exif[0x010E] = "taken at 12 Invented Street"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = picture("JPEG", exif=exif, icc_profile=profile, comment=b"secret comment") + b"%PDF-1.7 <script> glued on"
    assert b"Invented" in data and b"secret" in data
    rebuilt = inspect("photo.jpg", data).data
    image = Image.open(io.BytesIO(rebuilt))
    assert not image.getexif() and "icc_profile" not in image.info and "comment" not in image.info
    for trace in (b"Invented", b"secret", b"%PDF", b"script", b"Exif", b"ICC"):
        assert trace not in rebuilt


def test_nothing_that_came_with_a_png_stays():
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Ada Example")
    rebuilt = inspect("scan.png", picture("PNG", pnginfo=text) + b"more").data
    assert b"Ada" not in rebuilt and rebuilt.endswith(b"IEND\xaeB`\x82")


def test_a_photo_taken_sideways_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated clockwise
    image = Image.open(io.BytesIO(inspect("photo.jpg", picture("JPEG", size=(40, 20), exif=exif)).data))
    assert image.size == (20, 40)
    assert image.getpixel((10, 2))[0] > 200 and image.getpixel((10, 2))[1] < 60  # the red half is on top


def test_pixels_of_a_png_are_kept_exactly():
    data = picture("PNG")
    before, after = (Image.open(io.BytesIO(each)) for each in (data, inspect("a.png", data).data))
    assert before.tobytes() == after.tobytes()


def test_see_through_parts_of_a_palette_stay_see_through():
    data = picture("PNG", mode="P", transparency=0)
    assert Image.open(io.BytesIO(inspect("a.png", data).data)).getpixel((0, 0))[3] == 0


def test_words_of_refusal_name_the_limits_that_are_kept():
    assert f"{LIMITS.file_bytes // 1_000_000} MB" in uploads.TOO_LARGE
    assert f"{LIMITS.files_per_step} files" in uploads.TOO_MANY
    assert f"{LIMITS.pixels // 1_000_000} megapixels" in uploads.TOO_DETAILED
    assert f"{LIMITS.pages} pages" in uploads.TOO_LONG


@pytest.mark.parametrize(
    ("files", "total", "size", "words"),
    [
        (9, 0, 1, None),
        (10, 0, 1, uploads.TOO_MANY),
        (0, LIMITS.case_bytes - 5, 5, None),
        (0, LIMITS.case_bytes - 5, 6, uploads.NO_ROOM),
    ],
)
def test_a_step_and_a_case_hold_only_so_much(files, total, size, words):
    try:
        uploads.check_room(files_in_step=files, bytes_in_case=total, size=size)
        said = None
    except UploadRefused as refused:
        said = refused.words
    assert said == words


@pytest.mark.parametrize(
    ("accepted", "verdict", "status"),
    [
        (Status.CLEAN, Verdict.CLEAN, Status.CLEAN),
        (Status.CLEAN, Verdict.NOT_CONFIGURED, Status.CLEAN),
        (Status.CLEAN, Verdict.UNAVAILABLE, Status.HELD),
        (Status.CLEAN, Verdict.INFECTED, Status.INFECTED),
        (Status.QUARANTINED, Verdict.CLEAN, Status.QUARANTINED),
        (Status.QUARANTINED, Verdict.NOT_CONFIGURED, Status.QUARANTINED),
        (Status.QUARANTINED, Verdict.UNAVAILABLE, Status.HELD),
        (Status.QUARANTINED, Verdict.INFECTED, Status.INFECTED),
    ],
)
def test_a_scan_never_makes_a_file_freer_than_it_was(accepted, verdict, status):
    assert uploads.status_after_scan(accepted, verdict) is status


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("passport.jpg", "passport.jpg"),
        ("C:\\Users\\ada\\passport.jpg", "passport.jpg"),
        ("../../etc/passwd", "passwd"),
        (".htaccess", "htaccess"),
        ("two\nlines\0.pdf", "two lines .pdf"),
        ("gpj\u202efdp.exe", "gpjfdp.exe"),
        ("", "file"),
        ("folder/", "file"),
        ("x" * 200 + ".pdf", "x" * 96 + ".pdf"),
        ("x" * 200, "x" * 100),
        ("pasbort-ŵyr.png", "pasbort-ŵyr.png"),
    ],
)
def test_a_name_is_fit_to_be_shown(sent, shown):
    assert uploads.display_name(sent) == shown


def test_a_download_is_named_neutrally():
    assert [uploads.download_name(kind, 3) for kind in Kind] == ["file-3.pdf", "file-3.jpg", "file-3.png"]
