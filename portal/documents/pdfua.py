"""What WeasyPrint 70.0 leaves undone for PDF/UA-1, added where it draws and tags.

Three of its functions are wrapped, so this holds for the pinned versions only; a test asserts them, and reads the tags
of a finished file back:

- Running heads and page numbers are tagged as content. They are pagination artifacts (ISO 14289-1, 7.8).
- Header cells have no Scope (7.5).
- `lang` of anything but the root is dropped (7.2), and links have no Print flag (ISO 32000-1, 12.5.3).
- Each tag asks for the references of all pages, which are put together anew each time: time grows with the square
  of the pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pydyf
from weasyprint import draw
from weasyprint.formatting_structure import boxes
from weasyprint.pdf import tags

WEASYPRINT, PYDYF = "70.0", "0.13.0"
_PRINT = 4  # the annotation flag


@cache
def apply() -> None:
    """Wraps the functions, once per process. Raises RuntimeError for other versions than those it was written for."""
    import weasyprint  # noqa: PLC0415  its version only

    if (weasyprint.__version__, pydyf.__version__) != (WEASYPRINT, PYDYF):
        raise RuntimeError(f"tags were checked for WeasyPrint {WEASYPRINT} with pydyf {PYDYF} only")
    draw.draw_stacking_context = _drawing(draw.draw_stacking_context)
    tags._build_box_tree = _tagging(tags._build_box_tree)  # noqa: SLF001  there is no public way in
    pydyf.PDF.page_references = property(_remembering(pydyf.PDF.page_references.fget))


def _drawing(drawn: Any) -> Any:
    def draw_stacking_context(stream: Any, context: Any) -> None:
        if stream._tags is None or not isinstance(context.box, boxes.MarginBox):  # noqa: SLF001
            drawn(stream, context)
            return
        # One artifact around the whole margin box; without a map for tags nothing inside is marked again.
        kept, stream._tags = stream._tags, None  # noqa: SLF001
        pydyf.Stream.begin_marked_content(stream, "Artifact", pydyf.Dictionary({"Type": "/Pagination"}))
        try:
            drawn(stream, context)
        finally:
            pydyf.Stream.end_marked_content(stream)
            stream._tags = kept  # noqa: SLF001

    return draw_stacking_context


def _tagging(built: Any) -> Any:
    def build_box_tree(box: Any, *rest: Any) -> Iterator[Any]:
        if isinstance(box, boxes.MarginBox):
            return
        if box.__dict__.get("link_annotation"):
            box.link_annotation["F"] = _PRINT
        for element in built(box, *rest):
            _complete(element, getattr(box, "element", None))
            yield element

    return build_box_tree


def _complete(element: Any, source: Any) -> None:
    """Adds to a tag what its HTML element says about it."""
    if source is None:
        return
    if element["S"] == "/TH":
        element["A"]["Scope"] = "/Row" if source.attrib.get("scope") == "row" else "/Column"
    if language := source.attrib.get("lang"):
        element["Lang"] = pydyf.String(language)


def _remembering(asked: Any) -> Any:
    def page_references(pdf: Any) -> tuple[bytes, ...]:
        """Pages are only ever added, so as many pages are the same pages."""
        count = len(pdf.pages["Kids"])
        known: tuple[int, tuple[bytes, ...]] | None = pdf.__dict__.get("_known_references")
        if known is None or known[0] != count:
            known = pdf.__dict__["_known_references"] = (count, asked(pdf))
        return known[1]

    return page_references
