"""What was removed is found wherever it hides, and only a reason lets it stay."""

import io

import pikepdf
import pytest

from portal.documents import leak_gate, render
from portal.documents.inner import GateFailed, drawn_texts, inner_texts
from portal.documents.leak_gate import Allowance, RemovedSpan, Rule, blocking, needles, search
from portal.documents.pack import Gap, Text, in_words, to_json
from tests.portal.documents import packs
from tests.portal.documents.reading import all_bytes
from workflows.exemptions import PRIVATE

NOBODY = b"{}"


@pytest.fixture(scope="module")
def clean():
    return render.letter_pdf("<html lang=en><title>Document</title><h1>Plain</h1><p>words only")


def paper_of(pack):
    return render.pdf(render.pack_html(pack, for_screen=False))


def searched(pack, *removed, given=()):
    page = render.pack_html(pack, for_screen=True)
    return search(paper_of(pack), page, to_json(pack), "document-1.pdf", needles(removed), given=given)


def found(text, pdf, page="<p>", data=NOBODY, name="document.pdf", **more):
    return [leak.needle for leak in search(pdf, page, data, name, needles([RemovedSpan(text=text, **more)]))]


# Needles


@pytest.mark.parametrize(
    ("text", "sought"),
    [
        ("Zebulon", {"Zebulon"}),
        ("Zebulon Quixby", {"Zebulon Quixby", "Zebulon", "Quixby"}),
        ("Mary-Jane Ó'Dwyer", {"Mary-Jane Ó'Dwyer", "Mary-Jane", "Mary", "Jane", "Ó'Dwyer"}),
        ("EX2 9ZZ", {"EX2 9ZZ", "EX2", "9ZZ"}),
        ("with them from there", {"with them from there"}),
        ("Bo", set()),
        ("山田", {"山田"}),
        ("  ", set()),
        ("", set()),
    ],
)
def test_words_of_four_letters_or_with_digits_and_the_span_as_a_whole_are_sought(text, sought):
    assert {needle.text for needle in needles([RemovedSpan(text=text)])} == sought


def test_a_needle_remembers_every_place_it_was_removed_from():
    made = needles([RemovedSpan(text="Quixby", place="a"), RemovedSpan(text="Quixby", place="b")])
    assert list(made.places.values()) == [("a", "b")]


# Where it hides


def test_nothing_is_found_in_a_pack_that_gives_nothing_away():
    pack = packs.pack(packs.entry(1, (Text("Her uncle "), Gap(PRIVATE), Text(" came."))))
    spans = [RemovedSpan(text="Zebulon Quixby"), RemovedSpan(text="Bo", before="Her uncle ", after=" came.")]
    assert searched(pack, *spans) == []


CANARY = "Zqxcanary Vwkqtz of 77 Wmbly Row, ZX9 8QJ"


def test_removed_text_is_in_no_byte_of_the_copy():
    """The canaries stand beside what is given; only the cut takes them out."""
    from portal.review.redaction import Redaction, Redactions, cut

    text = f"He said that {CANARY} came. Later {CANARY} left."
    first, second = text.index(CANARY), text.rindex(CANARY)
    spans = [Redaction(at, at + len(CANARY), "EX-TP") for at in (first, second)]
    pack = packs.pack(packs.entry(1, cut(text, Redactions.of(text, spans))))
    pdf = paper_of(pack)
    everything = all_bytes(pdf) + to_json(pack) + render.pack_html(pack, for_screen=True).encode()
    everything += "".join(drawn_texts(pdf)).encode()
    for word in ("Zqxcanary", "Vwkqtz", "Wmbly", "8QJ"):
        for form in (word, word.lower(), word.upper()):
            for coded in (form.encode(), form.encode("utf-16-be"), form.encode().hex().encode()):
                assert coded not in everything
    assert b"He said that" in everything


@pytest.mark.parametrize(
    "given",
    [
        "Quixby came.",
        "QUIXBY came.",
        "quixby came.",
        "Mr Quixby's car",
        "Qui-\nxby came",
        "Q u i x b y",
        "Qui\u00adxby",
        "Qui\u200bxby",
        "Qu\u0131xby Qúixby",
        "mail quixby7@example.org",
        "\uff31\uff55\uff49\uff58\uff42\uff59",
    ],
)
def test_a_word_is_found_however_it_is_written(given):
    [leak] = searched(packs.pack(packs.entry(1, given)), RemovedSpan(text="Quixby", place="entry 9"))
    assert leak.needle == "Quixby" and leak.places == ("entry 9",)
    assert {"page", "data", "text of the file"} <= set(leak.found_in)


def test_a_word_broken_by_a_narrow_line_is_found_in_the_finished_file():
    pdf = render.letter_pdf("<html lang=en><title>t</title><p style='width:12mm'>Quixbyzebulonwarrender")
    assert found("Quixbyzebulonwarrender", pdf) == ["Quixbyzebulonwarrender"]


@pytest.mark.parametrize("script", ["Ŵyllgwm", "Λυδία", "Наташа", "山田太郎"])
def test_words_of_other_scripts_are_found_in_page_and_data(script):
    [leak] = searched(packs.pack(packs.entry(1, f"and {script} came")), RemovedSpan(text=script))
    assert {"page", "data"} <= set(leak.found_in)


def _with(clean, change):
    with pikepdf.open(io.BytesIO(clean)) as pdf:
        change(pdf)
        out = io.BytesIO()
        pdf.save(out, static_id=True)
    return out.getvalue()


def _stream_with(text):
    def change(pdf):
        pdf.pages[0]["/Note"] = pdf.make_stream(text)

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda pdf: pdf.docinfo.update({"/Title": "About Quixby"}),
        lambda pdf: pdf.docinfo.update({"/Quixby": "x"}),
        lambda pdf: pdf.docinfo.update({"/Title": "Quixby of Tŷ Ŵyll"}),
        lambda pdf: pdf.Root.StructTreeRoot.K[0].update({"/Alt": "Quixby"}),
        lambda pdf: pdf.Root.StructTreeRoot.K[0].update({"/ActualText": "Quixby"}),
        lambda pdf: pdf.Root.StructTreeRoot.K[0].update({"/T": pikepdf.Name("/Quixby")}),
        lambda pdf: pdf.Root.update({"/PieceInfo": pikepdf.Dictionary(X=pikepdf.Array(["a", "Quixby"]))}),
        lambda pdf: pdf.Root.update({"/X": "quixby"}),
        _stream_with(b"<x>Quixby</x>"),
        _stream_with("Quixby".encode("utf-16-be")),
    ],
)
def test_what_no_reader_shows_is_read_too(clean, change):
    assert found("Quixby", _with(clean, change)) == ["Quixby"]
    assert found("Zebulon", _with(clean, change)) == []


def test_metadata_and_outline_are_read(clean):
    def in_metadata(pdf):
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["dc:description"] = "About Quixby"

    def in_outline(pdf):
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Quixby", 0))

    for change in (in_metadata, in_outline):
        assert found("Quixby", _with(clean, change)) == ["Quixby"]


@pytest.mark.parametrize(
    ("page", "data", "name"),
    [
        ("<a href='/quixby'>x</a>", NOBODY, "d.pdf"),
        ("<!-- Quixby -->", NOBODY, "d.pdf"),
        ("<p title=Quixby>x", NOBODY, "d.pdf"),
        ("<p>Qui<b>xby</b>", NOBODY, "d.pdf"),
        ("<p>&#81;uixby", NOBODY, "d.pdf"),
        ("<p>", b'{"a": ["\\u0051uixby"]}', "d.pdf"),
        ("<p>", NOBODY, "quixby.pdf"),
    ],
)
def test_page_data_and_file_name_are_read(clean, page, data, name):
    assert found("Quixby", clean, page, data, name) == ["Quixby"]


def test_words_of_the_format_itself_are_not_taken_for_leaks(clean):
    words = "page parent title link content type font metadata stream section article label value source recipient"
    assert found(words, clean, render.pack_html(packs.pack(), for_screen=False).split("<body")[0]) == []


def test_a_short_word_is_sought_at_its_own_place_only():
    span = RemovedSpan(text="Bo", before="Her uncle ", after=" came to the door.")
    kept = packs.pack(packs.entry(1, "Her uncle Bo came to the door."))
    elsewhere = packs.pack(packs.entry(1, "A boat, a bow, a bone."))
    assert [leak.needle for leak in searched(kept, span)] == ["Bo"]
    assert searched(elsewhere, span) == []


def test_an_ordinary_word_is_not_found_inside_a_longer_one_and_a_name_is():
    pack = packs.pack(packs.entry(1, "drunkenness and Quixbytown"))
    assert [leak.needle for leak in searched(pack, RemovedSpan(text="drunk Quixby"))] == ["Quixby"]


def test_needles_inside_one_another_are_all_found():
    pack = packs.pack(packs.entry(1, "Zebulon Quixby Warrender"))
    spans = [RemovedSpan(text=text) for text in ("Quixby Warrender", "Zebulon Quixby", "Warrender", "Quixb")]
    assert {"Quixby Warrender", "Zebulon Quixby", "Warrender", "Quixby", "Zebulon", "Quixb"} == {
        leak.needle for leak in searched(pack, *spans)
    }


# What may stay


def test_a_shared_surname_is_told_apart_and_stays_for_a_reason():
    pack = packs.pack(packs.entry(1, "Wren went home."))
    leaks = searched(pack, RemovedSpan(text="Zebulon Ashdown"), given=[render.fixed_words(pack)])
    assert [(leak.needle, leak.given_elsewhere) for leak in leaks] == [("Ashdown", True)]
    assert blocking(leaks) == leaks
    assert blocking(leaks, [Allowance("Ashdown", "  ")]) == leaks
    assert blocking(leaks, [Allowance("Ashdown", "It is the mother's own surname.")]) == []


def test_a_shielded_string_stops_the_release_whatever_anyone_says():
    pack = packs.pack(packs.entry(1, "They moved to 9 wolf lane."))
    leaks = searched(pack, RemovedSpan(text="9 Wolf Lane, Elsewhere, EX7 7QQ", shield=True))
    [address] = [leak for leak in leaks if leak.rule is Rule.NEVER]
    assert leaks[0] is address and address.absolute and address.needle == "9 Wolf Lane"
    every = [Allowance(leak.needle, "because", boilerplate=True) for leak in leaks]
    assert blocking(leaks, every) == [address]


def test_a_long_passage_stays_only_when_cleared_as_boilerplate():
    passage = "This form is to be filled in by the visiting officer on the day."
    pack = packs.pack(packs.entry(1, passage))
    leaks = [leak for leak in searched(pack, RemovedSpan(text=passage)) if leak.rule is Rule.BOILERPLATE]
    assert [leak.needle for leak in leaks] == [passage]
    assert blocking(leaks, [Allowance(passage, "printed on each form")]) == leaks
    assert blocking(leaks, [Allowance(passage, "printed on each form", boilerplate=True)]) == []


def test_a_source_a_recipient_and_a_label_are_read_as_well():
    entry = packs.entry(1, "x", label="Quixby", source=in_words("Zebulon refuge"))
    leaks = searched(packs.pack(entry), RemovedSpan(text="Quixby"), RemovedSpan(text="Zebulon"))
    assert {leak.needle for leak in leaks} == {"Quixby", "Zebulon"}


# Fail closed


@pytest.mark.parametrize(
    "change",
    [
        lambda pdf: pdf.attachments.update({"a.txt": b"x"}),
        lambda pdf: pdf.Root.update({"/OpenAction": pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="1")}),
        lambda pdf: pdf.Root.update({"/AcroForm": pikepdf.Dictionary(Fields=pikepdf.Array())}),
        lambda pdf: pdf.Root.update({"/OCProperties": pikepdf.Dictionary()}),
        lambda pdf: pdf.Root.update({"/X": pdf.make_stream(b"x", Subtype=pikepdf.Name.Image)}),
        lambda pdf: pdf.pages[0].contents_add(b"/Span <</ActualText (x)>> BDC EMC"),
        lambda pdf: (
            pdf.pages[0].Resources.Font[next(iter(pdf.pages[0].Resources.Font.keys()))].__delitem__("/ToUnicode")
        ),
    ],
)
def test_a_file_with_what_a_copy_never_holds_is_refused(clean, change):
    with pytest.raises(GateFailed):
        found("Quixby", _with(clean, change))


@pytest.mark.parametrize(
    "change",
    [
        lambda clean: b"",
        lambda clean: b"not a PDF",
        lambda clean: clean[: len(clean) // 2],
        lambda clean: clean + b"hidden behind the end",
        lambda clean: clean + clean[-200:],
        lambda clean: b"junk" + clean,
    ],
)
def test_bytes_that_cannot_be_vouched_for_are_refused(clean, change):
    with pytest.raises(GateFailed):
        found("Quixby", change(clean))


def test_data_that_cannot_be_read_is_refused(clean):
    with pytest.raises(GateFailed):
        found("Quixby", clean, data=b"{")


def test_the_inner_texts_of_a_pack_say_nothing_of_its_entries():
    pack = packs.rich_pack()
    inner = " ".join(inner_texts(paper_of(pack)))
    assert "Document COP-4T9W-H2MN" in inner
    for word in ("Wren", "visit", "uncle", "Primary", "Rowan", "Kiln"):
        assert word not in inner


def test_all_rules_are_sorted_by_strictness():
    assert list(leak_gate.Rule) == [Rule.STAYS, Rule.BOILERPLATE, Rule.NEVER]
