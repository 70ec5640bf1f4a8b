"""The pack on paper and on the screen: what it says, how it is tagged, and what it never fetches."""

import io
import itertools
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import html5lib
import pikepdf
import pytest
from pdfua.validator import validate
from weasyprint.urls import FatalURLFetchingError

from portal import limited
from portal.documents import pdfua, render
from portal.documents.pack import in_words
from tests.portal.documents import packs
from tests.portal.documents.reading import all_bytes, pages_of
from workflows.exemptions import PRIVATE


@pytest.fixture(scope="module")
def paper():
    return render.pdf(render.pack_html(packs.rich_pack(), for_screen=False))


@pytest.fixture(scope="module")
def opened(paper):
    with pikepdf.open(io.BytesIO(paper)) as pdf:
        yield pdf


# What it says


@pytest.mark.parametrize("for_screen", [True, False])
def test_paper_and_screen_are_valid_and_say_the_same(for_screen):
    made = render.pack_html(packs.rich_pack(), for_screen=for_screen)
    parser = html5lib.HTMLParser(strict=False)
    (parser.parseFragment if for_screen else parser.parse)(made)
    assert parser.errors == []
    for said in ("Wren Ashdown", "Where we looked", "Wren was happy", "I was not there", PRIVATE, "Your rights"):
        assert said in made


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("Zoë Łukasz", True),
        ("Дом и сад", True),
        ("بيت", True),
        ("王小明", False),
        ("ਘਰ", False),
        ("வீடு", False),
        ("집", False),
    ],
)
def test_paper_says_so_where_it_cannot_print_somebody_s_letters(written: str, printed: bool) -> None:
    pack = packs.pack(packs.entry(1, written))
    assert ("letters that we cannot print" in render.pack_html(pack, for_screen=False)) is not printed
    assert "letters that we cannot print" not in render.pack_html(pack, for_screen=True)


def test_the_screen_has_no_heading_above_the_second_level():
    assert "<h1" not in render.pack_html(packs.rich_pack(), for_screen=True)


def test_headings_skip_no_level():
    made = render.pack_html(packs.rich_pack(), for_screen=False)
    levels = [int(level) for level in re.findall(r"<h(\d)", made)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_upsetting_entries_are_announced_before_they_are_opened():
    on_screen = render.pack_html(packs.rich_pack(), for_screen=True)
    details = on_screen[on_screen.index("<details") : on_screen.index("</details>")]
    assert details.index("row at home") < details.index("shouting")
    on_paper = render.pack_html(packs.rich_pack(), for_screen=False)
    assert on_paper.index("hard to read") < on_paper.index("row at home") < on_paper.index("shouting")


def test_each_page_has_its_number_and_the_copy_number(paper):
    pages = pages_of(paper)
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert "Copy number: COP-4T9W-H2MN" in text


def test_every_right_is_named(paper):
    text = " ".join(pages_of(paper))
    for right in (
        "put it right",
        "rub it out",
        "stop using it while we check",
        "Example Regulator",
        "court",
        "30 days",
    ):
        assert right in text


def test_the_title_and_the_file_name_are_neutral(opened):
    assert str(opened.docinfo["/Title"]) == "Document COP-4T9W-H2MN"
    assert render.file_name("COP-4T9W/../é") == "document-COP-4T9W.pdf"


def test_no_entry_stands_in_the_outline(opened):
    with opened.open_outline() as outline:
        titles = {item.title for item in outline.root} | {each.title for item in outline.root for each in item.children}
    assert "The record" in titles
    assert not [title for title in titles if "visit" in title.lower()]


def test_a_missing_fact_stops_the_page_instead_of_leaving_a_hole():
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        render._environment("en").get_template("disclosure/_pack.html").render(pack=packs.pack(), for_screen=True)


def test_what_a_person_wrote_is_text_and_never_markup():
    made = render.pack_html(packs.pack(packs.entry(1, "<b onclick=x>{{ 7*7 }}</b>")), for_screen=True)
    assert "<bdi>&lt;b onclick=x&gt;{{ 7*7 }}&lt;/b&gt;</bdi>" in made


def test_one_gap_speaks_in_its_place_and_several_are_explained_once():
    from portal.documents.pack import Gap, Text

    one = render.pack_html(packs.pack(packs.entry(1, (Text("a "), Gap(PRIVATE), Text(" b")))), for_screen=True)
    assert f"[{PRIVATE}]" in one
    many = render.pack_html(packs.pack(packs.entry(1, (Gap(PRIVATE), Text(" b "), Gap(PRIVATE)))), for_screen=True)
    assert many.count(PRIVATE) == 1 and many.count("[left out]") == 2


def test_the_template_version_is_steady():
    assert re.fullmatch("[0-9a-f]{64}", render.template_version())


# Tags


def test_the_patched_versions_are_the_installed_ones():
    assert version("weasyprint") == pdfua.WEASYPRINT
    assert version("pydyf") == pdfua.PYDYF


def test_the_tags_of_each_page_are_those_of_that_page(opened):
    numbers = {}
    nums = opened.Root.StructTreeRoot.ParentTree.Nums
    for at in range(0, len(nums), 2):
        numbers[int(nums[at])] = nums[at + 1]
    for page in opened.pages:
        elements = numbers[int(page.StructParents)]
        assert isinstance(elements, pikepdf.Array) and len(elements)
        assert all(element.Pg.objgen == page.obj.objgen for element in elements)


def test_every_marked_text_belongs_to_exactly_one_tag_and_the_rest_is_artifact(opened):
    for page in opened.pages:
        marks = [step.operands for step in pikepdf.parse_content_stream(page) if str(step.operator) == "BDC"]
        numbered = [int(mark[1].MCID) for mark in marks if "/MCID" in mark[1]]
        assert sorted(numbered) == list(range(len(numbered)))
        heads = [mark for mark in marks if str(mark[0]) == "/Artifact" and mark[1].get("/Type") == "/Pagination"]
        assert len(heads) == 2


def _elements(thing):
    if isinstance(thing, pikepdf.Dictionary):
        if thing.get("/Type") == "/StructElem":
            yield thing
        kids = thing.get("/K", ())
        for kid in kids if isinstance(kids, pikepdf.Array) else (kids,):
            yield from _elements(kid)


def test_header_cells_say_what_they_head_and_links_print(opened):
    assert _scopes(opened) == {"/Column"}
    table = "<tr><th>Day<th>Who<tr><th scope=row>Monday<td>Ana"
    with pikepdf.open(io.BytesIO(render.letter_pdf(f"<html lang=en><title>t</title><table>{table}</table>"))) as pdf:
        assert _scopes(pdf) == {"/Column", "/Row"}
    links = [link for page in opened.pages for link in page.get("/Annots", ())]
    assert links and all(int(link.F) & 4 for link in links)


def _scopes(pdf):
    return {str(each.A.Scope) for each in _elements(pdf.Root.StructTreeRoot) if each.S == "/TH"}


def test_another_language_inside_the_text_is_tagged():
    made = render.letter_pdf("<html lang=en><title>t</title><p>A word: <span lang=cy>plentyn</span>")
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert "cy" in {str(each.Lang) for each in _elements(pdf.Root.StructTreeRoot) if "/Lang" in each}


def test_the_checker_finds_nothing(paper, tmp_path):
    (tmp_path / "pack.pdf").write_bytes(paper)
    report = validate(tmp_path / "pack.pdf")
    assert not report.findings
    # Its rule for the order of headings stumbles over any list of marks; the order has a test of its own above.
    assert {one.rule_id for one in report.outcomes if one.skipped_reason} == {"UA-14-001"}


# Bytes


def test_equal_packs_make_equal_bytes_in_any_process(paper):
    program = (
        "import sys; from tests.portal.documents import packs; from portal.documents import render;"
        "sys.stdout.buffer.write(render.pdf(render.pack_html(packs.rich_pack(), for_screen=False)))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo"}
        made = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
        assert made.stdout == paper


# Nothing is fetched


class Counter(ThreadingHTTPServer):
    hits = 0


@pytest.fixture
def server() -> Iterator[Counter]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            running.hits += 1
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    running = Counter(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


HOSTILE = [
    "<img src='{url}'>",
    "<img srcset='{url} 1x'>",
    "<picture><source srcset='{url}'><img src='{url}'></picture>",
    "<link rel=stylesheet href='{url}'>",
    "<link rel=attachment href='{url}'>",
    "<a rel=attachment href='{url}'>x</a>",
    "<style>@import url({url});</style>",
    "<style>@font-face {{ font-family: x; src: url({url}) }} p {{ font-family: x }}</style><p>x</p>",
    "<style>@color-profile --x {{ src: url({url}) }} p {{ color: color(--x 1 0 0) }}</style><p>x</p>",
    "<p style='background: url({url})'>x</p>",
    "<p style='list-style: url({url}); display: list-item'>x</p>",
    "<p style='border-image: url({url}) 1'>x</p>",
    "<p style='mask-border-source: url({url})'>x</p>",
    "<style>p::before {{ content: url({url}) }}</style><p>x</p>",
    "<object data='{url}'></object>",
    "<embed src='{url}'>",
    "<iframe src='{url}'></iframe>",
    "<base href='{url}'><img src='x.png'>",
    "<svg xmlns='http://www.w3.org/2000/svg' width=9 height=9><image href='{url}' width=9 height=9 /></svg>",
    "<svg xmlns='http://www.w3.org/2000/svg' width=9 height=9><use href='{url}#a' /></svg>",
    "<svg xmlns='http://www.w3.org/2000/svg' width=9 height=9><style>@import url({url});</style></svg>",
    "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}'/></svg>\">",
    "<!DOCTYPE x [<!ENTITY e SYSTEM '{url}'>]><p>&e;</p>",
]


@pytest.mark.parametrize("markup", HOSTILE)
@pytest.mark.parametrize("scheme", ["http", "file"])
def test_markup_that_wants_something_from_outside_gets_nothing(markup, scheme, server, tmp_path):
    """In this process, so that the child's missing network is not what stops it."""
    secret = tmp_path / "secret.svg"
    secret.write_text("<svg xmlns='http://www.w3.org/2000/svg'><text>CANARYFILE</text></svg>")
    url = f"http://127.0.0.1:{server.server_port}/x" if scheme == "http" else secret.as_uri()
    page = f"<html lang=en><title>t</title><body>{markup.format(url=url)}<p>after"
    try:
        made = render._write(render._job(page, "letter"))
    except FatalURLFetchingError:
        made = None
    assert server.hits == 0
    assert made is None or b"CANARYFILE" not in all_bytes(made)


def test_a_page_that_fetches_fails_its_job_in_the_child(server):
    with pytest.raises(limited.Failed) as failed:
        render.letter_pdf(f"<html lang=en><title>t</title><img src='http://127.0.0.1:{server.server_port}/'>")
    assert failed.value.detail == "FatalURLFetchingError"
    assert server.hits == 0


def test_the_same_markup_typed_into_an_entry_is_only_text(server, tmp_path):
    url = f"http://127.0.0.1:{server.server_port}/x"
    texts = [markup.format(url=url) for markup in HOSTILE] + [f"{url} {tmp_path.as_uri()}/x", "url(" + url + ")"]
    entries = (packs.entry(at, text, label=text, source=in_words(text)) for at, text in enumerate(texts, start=1))
    made = render._write(render._job(render.pack_html(packs.pack(*entries), for_screen=False), "pack"))
    assert server.hits == 0
    targets = {
        str(a.A.URI) for page in pikepdf.open(io.BytesIO(made)).pages for a in page.get("/Annots", ()) if "/A" in a
    }
    ours = {"https://records.example.org/", "https://regulator.example.org/complain", "mailto:records@example.org"}
    assert targets == ours


# Heavy text


@pytest.mark.parametrize(
    "text",
    [
        "e" + "\u0301\u0316\u0327\u0345" * 25_000,
        "x" * 60_000,
        "\n" * 20_000,
        "\u200d\u200c" * 20_000,
        "ﷺ" * 5_000,
        "שלום hello " * 2_000,
        "👩\u200d👩\u200d👧\u200d👦" * 2_000,
    ],
    ids=["marks", "one word", "lines", "joiners", "ligature", "both ways", "families"],
)
def test_strange_text_is_printed_within_the_limits(text):
    page = render.pack_html(packs.pack(packs.entry(1, text)), for_screen=False)
    assert render.pdf(page).startswith(b"%PDF")


def test_markup_too_deep_for_the_renderer_fails_its_job():
    with pytest.raises(limited.Failed):
        render.letter_pdf("<html lang=en><title>t</title>" + "<div>" * 5_000)


def test_more_than_one_file_can_hold_is_refused_before_it_starts(monkeypatch):
    monkeypatch.setattr(render, "LARGEST", 100)
    with pytest.raises(render.TooMuch):
        render.letter_pdf("x" * 200)
