"""What a file's first bytes say: its encoding, or that it is no text at all."""

import codecs

HEAD = 65_536  # bytes looked at

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_MAGIC = (
    (b"%PDF-", "a PDF; extract its text first, e.g. with pdftotext"),
    (b"PK\x03\x04", "a zip archive, or .docx, .xlsx, .epub; export its text first"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.doc, .xls); export its text first"),
    (b"{\\rtf", "a rich text document; export its text first"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)"),
    (b"\x7fELF", "an ELF program"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"SQLite format 3\x00", "an SQLite database; export a table first"),
    (b"PAR1", "a Parquet file; give it the suffix .parquet"),
    (b"ARROW1", "an Arrow file; load it with the datasets library"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"ID3", "an MP3 file"),
    (b"OggS", "an Ogg file"),
)

_COMMON_PUNCTUATION = frozenset("，。、；：？！“”‘’（）《》〈〉【】「」『』…—·　％～０１２３４５６７８９")


def byte_order_mark(head: bytes) -> tuple[int, str | None]:
    """The length of the byte-order mark and the encoding it announces, or (0, None).

    Example:
        >>> byte_order_mark(b"\\xff\\xfe\\x2d\\x4e"), byte_order_mark(b"abc")
        ((2, 'utf-16-le'), (0, None))
    """
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return len(mark), encoding
    return 0, None


def binary_kind(head: bytes, *, wide: bool = False) -> str | None:
    """Why these bytes are no text, or None; ``wide`` when NUL bytes belong to the encoding (UTF-16, UTF-32).

    Example:
        >>> binary_kind(b"%PDF-1.7")
        'a PDF; extract its text first, e.g. with pdftotext'
        >>> binary_kind("中文\\n".encode()) is None
        True
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    if wide or not head:
        return None
    if b"\x00" in head:
        nul = head.count(b"\x00")
        if nul * 4 > len(head) and (head[::2].count(b"\x00") in (0, nul)):
            side = "be" if head[0] == 0 else "le"
            return f"NUL bytes; if it is UTF-16 without a mark, say encoding='utf-16-{side}'"
        return "NUL bytes"
    control = sum(head.count(bytes([byte])) for byte in (*range(1, 9), *range(14, 27), 28, 29, 30, 31, 127))
    return "mostly control characters" if control * 10 > len(head) * 3 else None


def looks_like_gb18030(head: bytes) -> bool:
    """Whether bytes that are not valid UTF-8 are most probably Chinese text in GB18030 (or GBK, GB2312).

    So when UTF-8 fails on at least a fifth of the characters beyond ASCII, GB18030 on at most 2 %, and at
    least 60 % of what it gives beyond ASCII is one of the 3,755 commonest Han or usual punctuation.

    Example:
        >>> looks_like_gb18030("今天天气很好。".encode("gb18030"))
        True
        >>> looks_like_gb18030("今天天气很好。".encode()[:-1]), looks_like_gb18030("naïve café".encode("latin-1"))
        (False, False)
    """
    as_utf8 = [character for character in head.decode("utf-8", "replace") if character > "\x7f"]
    if not as_utf8 or as_utf8.count("\ufffd") * 5 < len(as_utf8):
        return False
    decoded = codecs.getincrementaldecoder("gb18030")("replace").decode(
        head
    )  # a cut last character is no error
    beyond = [character for character in decoded if character > "\x7f"]
    if len(beyond) < 2 or beyond.count("\ufffd") * 50 > len(beyond):
        return False
    return sum(map(_is_common, beyond)) * 10 >= len(beyond) * 6


def _is_common(character: str) -> bool:
    if character in _COMMON_PUNCTUATION:
        return True
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7  # the first level of GB 2312
