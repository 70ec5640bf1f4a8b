"""A PDF taken apart: every text that no reader shows, and a refusal of all that a copy never holds.

Titles, outlines, tags, link targets and metadata have given away what a drawing hid (security.md section 0, 7). Files,
scripts, forms, layers, pictures and earlier revisions are not searched: a copy has none, so their being there is fault
enough.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pikepdf

DEPTH = 200
_NEVER = """
/AA /AF /AcroForm /EF /EmbeddedFiles /JS /JavaScript /Launch /OCProperties /OpenAction /RichMedia
"""
_NEVER_THERE = frozenset(_NEVER.split())
# Said about marked text inside a page, where only its drawing should be.
_SAID_IN_PAGES = re.compile(rb"/(ActualText|Alt|E|T|Contents|Title)\b")
# Names of the format, and of what WeasyPrint makes; any other name is read like a text.
_FORMAT = """
A Annot Annots Artifact Ascent AvgWidth BBox BM BS BaseFont C CA CIDFontType0 CIDFontType2 CIDSet CIDSystemInfo
CIDToGIDMap CapHeight Caption Catalog Cell Cids ColSpan Column ColorSpace Contents Count Creator D DW Dests
DescendantFonts Descent Dest DisplayDocTitle Div Document Encoding ExtGState F Filter First Flags FlateDecode Font
FontBBox FontDescriptor FontFamily FontFile2 FontFile3 FontName FontStretch FontWeight H H1 H2 H3 H4 H5 H6 Headers
ID Identity Identity-H Index Info ItalicAngle K Kids L LBody LI Lang Last Layout Lbl Length Length1 Length2 Length3
Limits Link MCID MCR MarkInfo Marked MaxWidth MediaBox Metadata MissingWidth Names Next NonStruct Nums O OBJR Obj
ObjStm Ordering Outlines P Page PageMode Pages Pagination Parent ParentTree Part Pattern Pg Prev Print Producer
Properties Rect Registry ResourceS Resources Root Row RowSpan S Scope Sect Shading Size Span StemH StemV StructElem
StructParent StructParents StructTreeRoot Subtype Supplement Suspects TBody TD TFoot TH THead TR Table Tabs Title
ToUnicode TrimBox BleedBox Type Type0 URI UserUnit Version ViewerPreferences W W2 XHeight XML XObject XRef XYZ ca
Action Art BlockQuote DecodeParms CMap CMapName Lab Range WhitePoint lab-d50 lab-d65
"""
_NAMES = frozenset(_FORMAT.split())
_OURS = frozenset({"/CIDSystemInfo", "/FontFamily"})  # words of the fonts, the same in every copy
_FONT_NAME = re.compile(r"/?[A-Z]{6}\+[A-Za-z0-9-]+")


class GateFailed(Exception):
    """The bytes cannot be vouched for; the message names the reason and quotes nothing."""


def inner_texts(pdf: bytes) -> Iterator[str]:
    """Every string of the PDF, every name that is not the format's own, and its text streams. Raises GateFailed."""
    _check_revisions(pdf)
    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            drawings = {drawing.objgen for page in opened.pages for drawing in _drawings(page)}
            for thing in [*opened.objects, opened.trailer]:
                yield from _of_object(thing, drawings, 0)
    except (pikepdf.PdfError, pikepdf.DataDecodingError) as fault:
        raise GateFailed("the file cannot be taken apart") from fault


def _drawings(page: pikepdf.Page) -> list[pikepdf.Object]:
    contents = page.get("/Contents")
    if contents is None:
        return []
    return list(contents) if isinstance(contents, pikepdf.Array) else [contents]


def drawn_texts(pdf: bytes) -> list[str]:
    """The text of each page in the order in which it is drawn, by the fonts' own tables of letters.

    Independent of where a page puts its words; a second, common reader is in the leak gate. Raises GateFailed, also for
    a font without a table: what it draws cannot be read back."""
    tables: dict[tuple[int, int], dict[bytes, str]] = {}
    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            return ["".join(_drawn(page, tables)) for page in opened.pages]
    except (pikepdf.PdfError, pikepdf.DataDecodingError, KeyError, AttributeError) as fault:
        raise GateFailed("the pages cannot be read") from fault


def _drawn(page: pikepdf.Page, tables: dict[tuple[int, int], dict[bytes, str]]) -> Iterator[str]:
    table: dict[bytes, str] = {}
    for step in pikepdf.parse_content_stream(page, "Tf Tj TJ ' \" BT"):
        operands = step.operands
        match str(step.operator):
            case "BT":
                yield "\n"
            case "Tf":
                font = page.Resources.Font[str(operands[0])]
                table = tables.get(font.objgen) or tables.setdefault(font.objgen, _letters(font.ToUnicode.read_bytes()))
            case "TJ":
                yield from (_read(each, table) for each in operands[0] if isinstance(each, pikepdf.String))
            case _:
                yield _read(operands[-1], table)


def _read(drawn: pikepdf.Object, table: dict[bytes, str]) -> str:
    codes = bytes(drawn)
    return "".join(table.get(codes[at : at + 2], "\N{REPLACEMENT CHARACTER}") for at in range(0, len(codes), 2))


def _letters(data: bytes) -> dict[bytes, str]:
    """The font's table: two bytes of code to the letters it stands for."""
    if b"begincmap" not in data or b"beginbfrange" in data:
        raise GateFailed("a font has no table of letters that can be read")
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})>\s*<((?:[0-9A-Fa-f]{4})+)>\s*$", data, flags=re.MULTILINE)
    return {
        bytes.fromhex(code.decode()): bytes.fromhex(letters.decode()).decode("utf-16-be", "replace")
        for code, letters in pairs
    }


def _check_revisions(pdf: bytes) -> None:
    """One revision and nothing behind its end: else something could be there that no table of contents lists."""
    outside = re.sub(rb"\bstream\r?\n.*?endstream\b", b"", pdf, flags=re.DOTALL)
    if outside.count(b"%%EOF") != 1 or not outside.rstrip().endswith(b"%%EOF") or not pdf.startswith(b"%PDF-"):
        raise GateFailed("the file has more than one revision")


def _of_object(thing: object, drawings: set[tuple[int, int]], depth: int) -> Iterator[str]:
    if depth > DEPTH:
        raise GateFailed("the file is nested too deeply")
    if isinstance(thing, pikepdf.String):
        yield str(thing)
    elif isinstance(thing, pikepdf.Name):
        yield from _of_name(str(thing))
    elif isinstance(thing, pikepdf.Array):
        for each in thing:
            if not getattr(each, "is_indirect", False):  # those have their own turn
                yield from _of_object(each, drawings, depth + 1)
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        yield from _of_dictionary(thing, drawings, depth)
        if isinstance(thing, pikepdf.Stream):
            yield from _of_stream(thing, is_drawing=thing.objgen in drawings)


def _of_dictionary(
    thing: pikepdf.Dictionary | pikepdf.Stream, drawings: set[tuple[int, int]], depth: int
) -> Iterator[str]:
    for name in thing.keys():  # noqa: SIM118  a stream gives no names otherwise
        if name in _NEVER_THERE:
            raise GateFailed(f"the file holds {name}, which a copy never does")
        yield from _of_name(name)
        value = thing[name]
        if name not in _OURS and not getattr(value, "is_indirect", False):
            yield from _of_object(value, drawings, depth + 1)


def _of_name(name: str) -> Iterator[str]:
    if name in _NEVER_THERE:
        raise GateFailed(f"the file holds {name}, which a copy never does")
    if name[1:] not in _NAMES and not _FONT_NAME.fullmatch(name):
        yield name[1:]


def _of_stream(stream: pikepdf.Stream, *, is_drawing: bool) -> Iterator[str]:
    """A stream as text. Fonts are the installed ones; what a page draws are numbers of letters, read by the readers."""
    kind = str(stream.get("/Subtype", ""))
    if kind in {"/Image", "/Form"}:
        raise GateFailed("the file holds a picture, which a copy never does")
    if (
        "/Length1" in stream
        or str(stream.get("/Type", "")) in {"/XRef", "/ObjStm"}
        or kind.startswith(("/CID", "/Open"))
    ):
        return
    data = stream.read_bytes()
    if is_drawing:
        if _SAID_IN_PAGES.search(data):
            raise GateFailed("a page says more than it shows")
    elif b"begincmap" in data:
        yield from _of_letters(data)
    elif kind == "/XML":
        yield from _of_metadata(data)
    else:
        yield data.decode("utf-8", "ignore")
        yield data.decode("utf-16-be", "ignore")


def _of_letters(data: bytes) -> Iterator[str]:
    """The table that says which letters a drawn shape stands for; most stand for one."""
    for literal in re.findall(rb"<([0-9A-Fa-f]{8,})>", data):
        yield bytes.fromhex(literal.decode().ljust((len(literal) + 1) // 2 * 2, "0")).decode("utf-16-be", "ignore")


def _of_metadata(data: bytes) -> Iterator[str]:
    text = data.decode("utf-8", "replace")
    yield re.sub(r"<[^>]*>", " ", text)
    yield from (value for value in re.findall(r"""=["']([^"']*)["']""", text) if not value.startswith("http://"))
