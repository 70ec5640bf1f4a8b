"""Pages as trees, with what is wrong in their HTML.

The parser that knows every fault takes a tenth of the time of the tests. Which faults there are depends on a page's
shape alone: its tags and attributes, where letters stand and where space. So each shape is read by that parser once; a
later page of a shape without faults is read by a fast one, where the two were found to make the same tree of it."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import lxml.etree

_TAG_OR_TEXT = re.compile(r"<[^>]*>|[^<]+")
_VALUE = re.compile(r'(?<!type)="[^"&<>\x00-\x1f\x7f-\x9f]*"')
_SPACE = re.compile(r"[ \t]+")
_LETTERS = re.compile(r"[^\s&<>\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufdd0-\ufdef\ufff0-\U0010ffff]+")
_fine: set[str] = set()


def parsed(html: str) -> tuple[Element, list[str]]:
    """The page and its faults."""
    shape = shape_of(html)
    if shape in _fine:
        return _plain(_quick(html)), []
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    tree = parser.parse(html)
    faults = [f"line {at[0]}: {code} {data}" for at, code, data in parser.errors]
    if not faults and _told(tree) == _told(_quick(html)):
        _fine.add(shape)
    return tree, faults


def shape_of(html: str) -> str:
    """All that the rules of parsing look at; words and values are as good as any others."""
    return _TAG_OR_TEXT.sub(_shape, html)


def _shape(found: re.Match[str]) -> str:
    part = found[0]
    return _VALUE.sub('=""', part) if part[0] == "<" else _LETTERS.sub("x", _SPACE.sub(" ", part))


def _quick(html: str) -> Any:
    parser = lxml.etree.HTMLParser(remove_comments=True, encoding="utf-8")
    return lxml.etree.fromstring(html.encode(), parser=parser)


def _plain(one: Any) -> Element:
    """The same as the other parser makes it: quicker to look through."""
    made = Element(one.tag, dict(one.attrib))
    made.text, made.tail = one.text, one.tail
    made.extend(map(_plain, one))
    return made


def _told(tree: Any) -> list[tuple[object, ...]]:
    """Which elements stand in which, and what was typed into long fields, letter by letter."""
    return [(one.tag, len(one), one.text if one.tag == "textarea" else None) for one in tree.iter() if _is_tag(one)]


def _is_tag(one: Any) -> bool:
    return isinstance(one.tag, str)
