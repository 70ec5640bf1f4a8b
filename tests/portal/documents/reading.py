"""Finished PDFs, read back."""

import io

import pikepdf
import pypdfium2


def all_bytes(pdf):
    """The file, and behind it every stream unpacked and every string and name decoded."""
    parts = [pdf]
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for thing in opened.objects:
            if isinstance(thing, pikepdf.Stream):
                parts.append(thing.read_bytes())
            elif hasattr(thing, "unparse"):
                parts.append(thing.unparse())
            parts.extend(text.encode() for text in _strings(thing))
    return b"\n".join(parts)


def _strings(thing):
    if isinstance(thing, pikepdf.String):
        yield str(thing)
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        for value in thing.values():
            if not getattr(value, "is_indirect", False):
                yield from _strings(value)
    elif isinstance(thing, pikepdf.Array):
        for value in thing:
            if not getattr(value, "is_indirect", False):
                yield from _strings(value)


def pages_of(pdf):
    """The words of each page, one space between them."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def places_of(pdf, words):
    """Where `words` begin on the first page: (millimetres from the left, millimetres from the top)."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    text = page.get_textpage()
    searcher = text.search(words)
    found = []
    while (hit := searcher.get_next()) is not None:
        left, bottom, _, _ = text.get_charbox(hit[0])
        found.append((left / 72 * 25.4, (page.get_height() - bottom) / 72 * 25.4))
    searcher.close()
    text.close()
    page.close()
    document.close()
    return found
