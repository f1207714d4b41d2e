"""Bytes to text in large pieces: line ends unified, broken bytes repaired line by line and counted."""

import codecs
import re
import warnings
from collections.abc import Callable, Iterator

from zhnlp.text.readers.sniffing import HEAD, binary_kind, byte_order_mark, looks_like_gb18030
from zhnlp.text.readers.streams import DAMAGE, CountingStream, unpacked
from zhnlp.text.report import CorpusReport, CorpusWarning

READ_BYTES = 1 << 20  # read and decoded at once: small enough for the cache, large enough to be fast

_AUTOMATIC = ("utf-8", "utf-8-sig")  # encodings that a byte-order mark or GB18030 may correct
_LINE_ENDS_ARE_BYTES = re.compile(r"(?!utf-?16|utf-?32|utf-?7|iso2022|hz)")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class DecodedFile:
    """The text of one file as an iterator of pieces, cut anywhere, in which every line end is ``\\n``.

    ``\\r\\n`` and a lone ``\\r`` count as line ends; other separators (U+2028, form feed) stay in the line.
    Faults go to the report: an empty or binary file and a damaged compressed file are skipped from there on,
    broken bytes become U+FFFD and their line is counted as repaired.

    Args:
        stream: the raw bytes, compressed or not.
        path: its name in the report.
        encoding: as the user gave it; for "utf-8" a byte-order mark wins and a GB18030 file is recognised.
        report: where faults are counted.
    """

    def __init__(self, stream: CountingStream, path: str, encoding: str, report: CorpusReport):
        self.path, self.report, self.stream = path, report, stream
        self.encoding = codecs.lookup(encoding).name
        self.lines = 0  # line ends given out so far
        self._held = ""  # a "\r" that may be half of "\r\n"
        self._repaired = 0

    def __iter__(self) -> Iterator[str]:
        for text in self._decoded():
            text, self._held = self._held + text, ""
            if text.endswith("\r"):
                text, self._held = text[:-1], "\r"
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            self.lines += text.count("\n")
            if text:
                yield text
        if self._held:
            self._held = ""
            self.lines += 1
            yield "\n"
        if self._repaired * 2 > self.lines + 1 and self._repaired > 1:
            self._warn(
                f"{self._repaired:,} of {self.lines:,} lines are not valid {self.encoding}; if it is another encoding, say encoding='big5' or the like"
            )

    def _decoded(self) -> Iterator[str]:
        chunks = self._chunks()
        chunk = next(chunks, None)
        if chunk is None:
            return
        automatic = self.encoding in _AUTOMATIC
        chunk = chunk[self._settle_encoding(chunk) :]
        kind = binary_kind(chunk[:HEAD], wide=self.encoding.startswith(("utf-16", "utf-32")))
        if kind:
            self.report.skip("binary file", self.path, detail=kind)
            return
        automatic = automatic and self.encoding == "utf-8"
        decoder = _Decoder(self.encoding, self._repair)
        while chunk is not None:
            following = next(chunks, None)
            if automatic and (found := _BEYOND_ASCII.search(chunk)):
                automatic = False  # nothing but ASCII so far: the encoding is still open
                if looks_like_gb18030(chunk[found.start() : found.start() + HEAD]):
                    self._use("gb18030")
                    self._warn(
                        "is not valid UTF-8 and was read as GB18030; encoding='gb18030' says so for all files"
                    )
                    decoder = _Decoder(self.encoding, self._repair)
            text = decoder.decode(chunk, final=following is None)
            if text:
                yield text
            chunk = following

    def _settle_encoding(self, head: bytes) -> int:
        """Fix the encoding by the byte-order mark; returns the mark's length."""
        mark, announced = byte_order_mark(head)
        if self.encoding in _AUTOMATIC:
            self._use(announced or "utf-8")
        elif announced and announced.startswith(self.encoding):  # utf-16 announces utf-16-le
            self._use(announced)
        elif self.encoding in ("utf-16", "utf-32"):
            mark = 0
            self._use(self.encoding + "-le")
        else:
            mark = 0
            self._use(self.encoding)
        return mark

    def _use(self, encoding: str) -> None:
        self.encoding = encoding
        if encoding != "utf-8":
            self.report.encodings[self.path] = encoding

    def _chunks(self) -> Iterator[bytes]:
        given = 0
        try:
            source = unpacked(self.stream)
            chunk = b""
            while data := source.read(READ_BYTES):
                chunk += data
                if len(chunk) >= HEAD:
                    given += len(chunk)
                    yield chunk
                    chunk = b""
            if chunk:
                given += len(chunk)
                yield chunk
        except DAMAGE as error:
            if chunk:
                given += len(chunk)
                yield chunk
            before = "nothing could be read" if not given else f"{given:,} bytes before the damage were read"
            self.report.skip(
                "damaged or cut file", self.path, detail=f"{error or type(error).__name__}; {before}"
            )
            return
        if not given:
            self.report.skip("empty file", self.path)

    def _repair(self, line: int, continues: bool) -> None:
        self._repaired += 1
        number = self.lines + line + 1 + (1 if self._held and not continues else 0)
        self.report.repair(self.path, number, f"bytes that are not {self.encoding}")

    def _warn(self, message: str) -> None:
        warnings.warn(CorpusWarning(f"{self.path}: {message}"), stacklevel=2)


class _Decoder:
    """Decodes piece by piece; where that fails, line by line, with U+FFFD only in the lines that are broken."""

    def __init__(self, encoding: str, on_repair: Callable[[int, bool], None]):
        self.encoding, self._on_repair = encoding, on_repair
        self._make = codecs.getincrementaldecoder(encoding)
        self._strict = self._make("strict")
        self._by_bytes = _LINE_ENDS_ARE_BYTES.match(encoding.replace("_", "")) is not None
        self._counted = False  # the line that is still open was counted as broken

    @property
    def pending(self) -> bytes:
        """The first bytes of a character whose rest has not come yet."""
        return self._strict.getstate()[0]

    def decode(self, data: bytes, final: bool) -> str:
        pending = self.pending
        try:
            text = self._strict.decode(data, final)
        except UnicodeError:
            return self._decode_broken(pending + data, final)
        if self._counted and ("\n" in text or "\r" in text):
            self._counted = False
        return text

    def _decode_broken(self, data: bytes, final: bool) -> str:
        self._strict.reset()
        if not self._by_bytes:
            return self._decode_wide(data, final)
        texts = []
        for number, line in enumerate(data.splitlines(keepends=True)):
            is_open = not line.endswith((b"\n", b"\r"))
            if is_open and not final:  # only the last can be
                text, broken = self._decode_open(line)
            else:
                try:
                    text, broken = line.decode(self.encoding), False
                except UnicodeError:
                    text, broken = line.decode(self.encoding, "replace"), True
            if broken and not self._counted:
                self._on_repair(number, data.startswith(b"\n"))
            self._counted = is_open and (self._counted or broken)
            texts.append(text)
        return "".join(texts)

    def _decode_open(self, line: bytes) -> tuple[str, bool]:
        """A line whose rest is still to come; its last character may be unfinished too."""
        try:
            return self._strict.decode(line, False), False
        except UnicodeError:
            lenient = self._make("replace")
            text = lenient.decode(line, False)
            self._strict.reset()
            self._strict.decode(lenient.getstate()[0], False)
            return text, True

    def _decode_wide(self, data: bytes, final: bool) -> str:
        """Encodings whose line ends are no single bytes: lines with U+FFFD are taken for the broken ones."""
        lenient = self._make("replace")
        text = lenient.decode(data, final)
        self._strict.decode(lenient.getstate()[0], False)
        lines = re.split("\r\n|\r|\n", text)
        for number, line in enumerate(lines):
            if "\ufffd" in line and not (number == 0 and self._counted):
                self._on_repair(number, text.startswith("\n"))
        self._counted = "\ufffd" in lines[-1] or (len(lines) == 1 and self._counted)
        return text
