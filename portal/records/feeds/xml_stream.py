"""Records out of a large XML file, one at a time, with a hostile file in mind (V1.5.1).

No document type, so no entities, nothing external and nothing that expands; limits on depth, on the size of one text
and of one record, and on how much can go by without a single element. Memory is that of one record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.sax import SAXParseException
from xml.sax.expatreader import ExpatParser
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser, create_parser

CHUNK_BYTES = 1 << 16
SILENT_CHUNKS = 16  # a single tag or comment of more than a megabyte is an attack on the parser
DEEPEST = 64
LONGEST_TEXT = 10_000
MOST_ELEMENTS = 20_000
HEAD_ELEMENTS = 200


class Broken(Exception):
    """The file cannot be read on from here. `record` is the record that was open, if any."""

    def __init__(self, line: int, reason: str, record: Element | None = None) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason
        self.record = record


@dataclass(slots=True)
class Element:
    """An element by its local name. `text` is its own text, of no meaning where it has children; `fault` says why a
    record is not whole."""

    name: str
    line: int = 0
    text: str = ""
    children: list[Element] = field(default_factory=list)
    fault: str = ""


class Records:
    """Iterates over the elements called `record` below a root called `root`. `head` holds the texts before them.

    Raises Broken where the file is not well-formed, is hostile, or has another root."""

    def __init__(self, stream: BinaryIO, *, root: str, record: str) -> None:
        self._stream = stream
        self._builder = _Builder(root, record)

    @property
    def head(self) -> dict[str, str]:
        return self._builder.head

    def __iter__(self) -> Iterator[Element]:
        parser = create_parser(forbid_dtd=True)
        parser.setContentHandler(self._builder)
        self._builder.parser = parser
        silent = events = 0
        chunk = b"first"
        while chunk:
            chunk = self._stream.read(CHUNK_BYTES)
            broken = self._step(parser, chunk)
            yield from self._builder.take()
            if broken:
                raise broken
            silent = silent + 1 if self._builder.events == events else 0
            events = self._builder.events
            if silent >= SILENT_CHUNKS:
                raise self._builder.broken("One tag or remark is longer than any real one.")

    def _step(self, parser: DefusedExpatParser, chunk: bytes) -> Broken | None:
        """Parses a chunk, an empty one as the end. What is wrong is answered, so that what came before it is taken."""
        builder = self._builder
        try:
            if chunk or not builder.events:
                parser.feed(chunk, isFinal=not chunk)
            if not chunk:
                parser.close()
        except Broken as broken:
            return broken
        except SAXParseException as error:
            return builder.broken(f"The XML is broken here ({error.getMessage()}).", error.getLineNumber())
        except DefusedXmlException:
            return builder.broken("The file brings its own document type or entities, which are not allowed.")
        except (LookupError, ValueError):  # what the decoder says of an encoding nobody knows
            return builder.broken("The file is in a character encoding that cannot be read. Save it as UTF-8.")
        return None


class _Builder(ContentHandler):
    """Builds the record that is open; what was finished before an error stays to be taken."""

    def __init__(self, root: str, record: str) -> None:
        super().__init__()
        self.head: dict[str, str] = {}
        self.events = 0
        self.parser: ExpatParser | None = None  # knows the line
        self._root, self._record_name = root, record
        self._depth = 0
        self._record: Element | None = None
        self._open: list[Element] = []
        self._text: list[str] = []
        self._text_length = 0
        self._elements = 0
        self._finished: list[Element] = []

    def take(self) -> list[Element]:
        finished, self._finished = self._finished, []
        return finished

    def broken(self, reason: str, line: int | None = None) -> Broken:
        return Broken(self._line() if line is None else line, reason, self._record)

    def _line(self) -> int:
        return (self.parser.getLineNumber() if self.parser else None) or 1

    def startElement(self, name: str, _attrs: object) -> None:  # noqa: N802 (the name is that of the parser)
        self.events += 1
        self._depth += 1
        local = name.rpartition(":")[2]
        if self._depth == 1 and local != self._root:
            raise self.broken(f"The file does not begin with {self._root}, so it is not of this format.")
        if self._depth > DEEPEST:
            raise self.broken("Elements are nested deeper than in any real file.")
        self._start_text()
        if self._record is not None:
            self._start_inside(local)
        elif local == self._record_name:
            self._record = Element(local, self._line())
            self._open, self._elements = [self._record], 1

    def endElement(self, name: str) -> None:  # noqa: N802
        self.events += 1
        self._depth -= 1
        text = "".join(self._text).strip()
        self._start_text()
        if self._record is None:
            if text and len(self.head) < HEAD_ELEMENTS:
                self.head.setdefault(name.rpartition(":")[2], text)
            return
        ended = self._open.pop()
        ended.text = text
        if not self._open:
            self._finished.append(self._record)
            self._record = None

    def characters(self, content: str) -> None:
        self.events += 1
        self._text_length += len(content)
        if self._text_length <= LONGEST_TEXT:
            self._text.append(content)
        elif self._record is not None:
            self._refuse("One of its texts is longer than any real one.")

    def _start_text(self) -> None:
        self._text, self._text_length = [], 0

    def _start_inside(self, name: str) -> None:
        self._elements += 1
        element = Element(name)
        if name == self._record_name:
            self._refuse(f"It holds another {name}.")
        if self._elements > MOST_ELEMENTS:
            self._refuse("It holds more elements than any real one.")
        else:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _refuse(self, reason: str) -> None:
        if self._record is not None:
            self._record.fault = self._record.fault or reason
