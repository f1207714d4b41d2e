"""Byte streams: plain, .gz, .bz2, .xz and .zst told apart by their first bytes, counting what is consumed."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO

COMPRESSION_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")

# What reading a damaged compressed stream can raise.
DAMAGE = (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, OSError, ValueError)

_ZSTD_INPUT = 1024  # bytes fed at a time: a block of 4 bytes can unpack to 128 KB


class CountingStream(io.RawIOBase):
    """A raw stream with a look ahead, that tells how many bytes were taken from it."""

    def __init__(self, raw: BinaryIO, on_read: Callable[[int], None] | None = None):
        self._raw, self._ahead, self._on_read = raw, b"", on_read
        self.ended = False

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes (fewer at the end), which stay unread."""
        while len(self._ahead) < size and not self.ended:
            self._ahead += self._fetch(size - len(self._ahead))
        return self._ahead[:size]

    def read(self, size: int = -1) -> bytes:
        data, self._ahead = self._ahead, b""
        if 0 <= size < len(data):
            data, self._ahead = data[:size], data[size:]
        elif size != len(data) and not self.ended:
            data += self._fetch(size if size < 0 else size - len(data))
        if self._on_read and data:
            self._on_read(len(data))
        return data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _fetch(self, size: int) -> bytes:
        data = self._raw.read(size)
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogatepass")  # a text file object: its decoding is kept
        if not data:
            self.ended = True
        return data or b""


def compression(head: bytes) -> str | None:
    """The compression that these first bytes announce: "gz", "bz2", "xz", "zst" or None.

    Example:
        >>> compression(b"\\x1f\\x8b\\x08"), compression("中文".encode())
        ('gz', None)
    """
    if head.startswith(b"\x1f\x8b"):
        return "gz"
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return "bz2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return "zst"
    return None


def unpacked(stream: CountingStream) -> BinaryIO:
    """``stream`` itself, or a stream of what it unpacks to; concatenated members are read on.

    A damaged stream raises one of ``DAMAGE`` from ``read``, after everything before the damage was given.

    Raises:
        ImportError: .zst without the zstandard package.
    """
    kind = compression(stream.peek(10))
    if kind == "gz":
        return _ToTheDamage(gzip.GzipFile(fileobj=stream, mode="rb"))
    if kind == "bz2":
        return _ToTheDamage(bz2.BZ2File(stream))
    if kind == "xz":
        return _ToTheDamage(lzma.LZMAFile(stream))
    if kind == "zst":
        return _ZstdStream(stream)
    return stream


class _ToTheDamage:
    """Reads in small steps, so that what lies before a damage is given out before the error is raised."""

    STEP = 65_536

    def __init__(self, inner: BinaryIO):
        self._inner, self._error = inner, None

    def read(self, size: int) -> bytes:
        if self._error:
            raise self._error
        parts, have = [], 0
        while have < size:
            try:
                data = self._inner.read1(min(size - have, self.STEP))
            except DAMAGE as error:
                self._error = error
                if not parts:
                    raise
                break
            if not data:
                break
            parts.append(data)
            have += len(data)
        return b"".join(parts)


class _ZstdStream:
    """Zstandard frames one after the other; unlike the package's own reader it notices a missing end."""

    def __init__(self, stream: CountingStream):
        try:
            import zstandard
        except ImportError as error:
            raise ImportError(
                'reading .zst files needs the zstandard package: pip install "zhnlp[zstd]"'
            ) from error
        self._new = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj
        self._damage = zstandard.ZstdError
        self._stream, self._frame, self._input, self._output = stream, None, b"", b""

    def read(self, size: int) -> bytes:
        parts, have = [self._output], len(self._output)
        self._output = b""
        try:
            while have < size and (data := self._more()) is not None:
                parts.append(data)
                have += len(data)
        except (EOFError, ValueError):
            if not have:
                raise
            self._more = self._raise_again
        data = b"".join(parts)
        self._output = data[size:]
        return data[:size]

    def _more(self) -> bytes | None:
        if not self._input:
            self._input = self._stream.read(65_536)
            if not self._input:
                if self._frame is not None:
                    raise EOFError("the end of the last zstd frame is missing")
                return None
        if self._frame is None:
            self._frame = self._new()
        step, self._input = self._input[:_ZSTD_INPUT], self._input[_ZSTD_INPUT:]
        try:
            data = self._frame.decompress(step)
        except self._damage as error:
            raise ValueError(f"damaged zstd data: {error}") from error
        if self._frame.eof:
            self._input = self._frame.unused_data + self._input
            self._frame = None
        return data

    def _raise_again(self) -> bytes:
        raise EOFError("damaged or cut zstd data")
