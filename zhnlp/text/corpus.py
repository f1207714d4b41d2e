"""``Corpus``: any input of texts as a stream of documents that can be run through again and again."""

import codecs
import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Any

from zhnlp.text.blocks import Block, BlockBuilder
from zhnlp.text.duplicates import MODES, DuplicateFilter
from zhnlp.text.paths import expand
from zhnlp.text.readers import Input, ReadOptions, read_chunks, read_documents
from zhnlp.text.readers.fields import field_names
from zhnlp.text.readers.memory import column_of, memory_documents, without_surrogates
from zhnlp.text.report import CorpusReport, CorpusWarning

UNITS = ("line", "paragraph", "file")
_ENCODINGS = ("utf-8", "gb18030", "gbk", "big5", "utf-16", "utf-16-le", "utf-16-be", "big5hkscs", "latin-1")

Progress = Callable[[int, "int | None"], object]


class Corpus:
    """A re-iterable stream of documents (str) with a report of what was read, repaired and skipped.

    Made by ``Corpus.from_paths``, ``Corpus.from_texts`` or, from whatever there is, ``Corpus.of``. Iterating
    yields the documents that are not blank, in order; ``blocks()`` yields the same documents in bulk.

    Attributes:
        report: the ``CorpusReport`` of the latest pass (live while it runs; each pass begins a new one).

    Example:
        >>> corpus = Corpus.from_texts(["深度学习", "", "机器翻译"])
        >>> list(corpus), list(corpus) == list(corpus)
        (['深度学习', '机器翻译'], True)
        >>> print(corpus.report)
        2 documents, 8 characters
        skipped: 1 x blank
    """

    def __init__(
        self,
        *,
        inputs: list[Input] | None,
        texts: Iterable | None,
        options: ReadOptions,
        duplicates: str = "keep",
        strict: bool = False,
        progress: Progress | None = None,
        passed_over: Counter | None = None,
    ):
        if duplicates not in MODES:
            raise ValueError(f"duplicates got {duplicates!r}, expected one of {', '.join(map(repr, MODES))}")
        if options.unit not in UNITS:
            raise ValueError(f"unit got {options.unit!r}, expected one of {', '.join(map(repr, UNITS))}")
        if options.max_line < 1:
            raise ValueError(f"max_line got {options.max_line}, expected at least 1 character")
        if progress is not None and not callable(progress):
            raise TypeError(
                f"progress got {type(progress).__name__}, expected a function of (bytes done, bytes in all or None)"
            )
        field_names(options.text_field)
        _check_encoding(options.encoding)
        self._inputs, self._texts, self._options = inputs, texts, options
        self._duplicates, self._strict, self._progress = duplicates, strict, progress
        self._passed_over = passed_over or Counter()
        self._used = False
        self.report = CorpusReport()

    @classmethod
    def from_paths(
        cls,
        paths: Any,
        *,
        text_field: str | Sequence[str] | None = None,
        encoding: str = "utf-8",
        unit: str = "line",
        duplicates: str = "keep",
        strict: bool = False,
        max_line: int = 1_000_000,
        progress: Progress | None = None,
    ) -> "Corpus":
        """Read files: txt, csv, tsv, jsonl and parquet, also packed with gz, bz2, xz or zst.

        Args:
            paths: a file, a folder (walked for known suffixes), a pattern (``**`` for any depth), "-" for the
                standard input, an open binary file, or a list of these. Sorted within a folder or pattern;
                a file named twice is read once.
            text_field: column or key of the text in tables and JSON lines: "text", "a.b" for b inside a, or
                several as "title,content" or a list, joined by a line end. None: "text", else "content",
                else the only one.
            encoding: of text files. With "utf-8" a byte-order mark is obeyed, and a file that is plainly
                GB18030 is read as such, with a ``CorpusWarning``. Bytes that are no characters become U+FFFD.
            unit: what a document is in a txt file: a "line", a "paragraph" (between blank lines) or the "file"
                (held in memory whole, whatever ``max_line``). In tables and JSON lines it is always a row.
            duplicates: "keep", drop "exact" repetitions, or "near" ones too; see ``DuplicateFilter``.
            strict: raise ``CorpusError`` at the first fault instead of counting it.
            max_line: longest line, paragraph or row text, in characters (at least 1); longer ones are cut at a
                sentence end if there is one. Memory stays within a few times this.
            progress: called with (bytes consumed, bytes in all or None) after each read.

        Raises:
            FileNotFoundError: nothing by that name; the message has the nearest ones.
            ValueError: an argument outside its range; ``CorpusError`` (while reading) when a table leaves open
                which column is the text.
        """
        options = ReadOptions(text_field, encoding, unit, max_line)
        inputs, passed_over = expand(paths)
        return cls(
            inputs=inputs,
            texts=None,
            options=options,
            duplicates=duplicates,
            strict=strict,
            progress=progress,
            passed_over=passed_over,
        )

    @classmethod
    def from_texts(
        cls,
        texts: Any,
        *,
        text_field: str | Sequence[str] | None = None,
        duplicates: str = "keep",
        strict: bool = False,
    ) -> "Corpus":
        """Take texts from memory: one str (one document), an iterable of str or of rows (dicts), a column, a
        ``datasets.Dataset``, a pandas or Arrow table.

        An iterator can be run through once; a second pass raises RuntimeError. None among the texts is skipped
        and counted, anything else that is no str raises TypeError. Nothing is cut or stripped.

        Args:
            texts: the texts.
            text_field: the column or key of the text in rows and tables; see ``from_paths``.
            duplicates: see ``from_paths``.
            strict: raise ``CorpusError`` at the first text that is None or lacks the field.

        Raises:
            TypeError: ``texts`` can only be a mistake: bytes, a dict, a number.
            CorpusError: a table leaves open which column is the text.
        """
        if isinstance(texts, str):
            texts = [texts]
        if not isinstance(texts, (bytes, bytearray, Mapping, Path)):
            texts, text_field = column_of(texts, text_field)
        if isinstance(texts, (bytes, bytearray, Mapping, Path)) or not isinstance(texts, Iterable):
            hint = "; choose a split: dataset['train']" if isinstance(texts, Mapping) else ""
            hint = "; a Path goes to Corpus.from_paths" if isinstance(texts, Path) else hint
            raise TypeError(f"texts got {type(texts).__name__}, expected a str or an iterable of str{hint}")
        return cls(
            inputs=None, texts=texts, options=ReadOptions(text_field), duplicates=duplicates, strict=strict
        )

    @classmethod
    def of(cls, source: Any, **options: Any) -> "Corpus":
        """A corpus from whatever there is; ``options`` go to ``from_paths`` or ``from_texts``.

        A Corpus is given back as it is; a str is always one text, never a name; a ``pathlib.Path``, an open file
        or a list of Paths is read; anything else that can be iterated is a run of texts.

        Raises:
            TypeError: a list that mixes Paths and texts, options for a Corpus that is already made, or what
                ``from_texts`` refuses.

        Example:
            >>> list(Corpus.of("深度学习")), list(Corpus.of(["天地", "玄黄"]))
            (['深度学习'], ['天地', '玄黄'])
        """
        if isinstance(source, Corpus):
            if options:
                raise TypeError(
                    f"a Corpus takes no further options, got {', '.join(options)}; give them where it is made"
                )
            return source
        if isinstance(source, Path) or hasattr(source, "read"):
            return cls.from_paths(source, **options)
        if isinstance(source, (list, tuple)) and (paths := sum(isinstance(item, Path) for item in source)):
            if paths < len(source):
                raise TypeError(
                    f"got a list of {paths} Paths and {len(source) - paths} others; expected all Paths (files) or all str (texts)"
                )
            return cls.from_paths(source, **options)
        if file_only := sorted({"encoding", "unit", "max_line", "progress"} & options.keys()):
            raise TypeError(
                f"option {', '.join(file_only)} is for files, but a {type(source).__name__} is a text or texts in memory; "
                "for files give pathlib.Path, or use Corpus.from_paths"
            )
        return cls.from_texts(source, **options)

    def __repr__(self) -> str:
        if self._inputs is None:
            return f"Corpus(texts: {type(self._texts).__name__})"
        first = self._inputs[0].name
        return f"Corpus({first!r}{f' and {len(self._inputs) - 1} more' if len(self._inputs) > 1 else ''})"

    def __iter__(self) -> Iterator[str]:
        report = self._begin()
        keep = self._filter(report)
        for _, documents in self._parts(report, chunks=False):
            yield from keep(documents)
        self._end(report)

    def blocks(self, size: int = 4_000_000) -> Iterator[Block]:
        """The same documents in bulk, for counting: each ``Block`` holds many, whole.

        A block is closed as soon as it holds ``size`` characters, so it is shorter than ``size`` plus one read
        (1 MiB) or one document. Plain text by lines without duplicate filter takes the fast route, on which no
        Python object is made per line; blank lines then stay in the block as blank spans.

        Args:
            size: characters a block aims at, at least 1.

        Example:
            >>> [(block.text, block.ends.tolist()) for block in Corpus.from_texts(["天地", "玄黄"]).blocks()]
            [('天地\\n玄黄', [2, 5])]
        """
        if size < 1:
            raise ValueError(f"size got {size}, expected at least 1 character")
        return self._blocks(size)

    def _blocks(self, size: int) -> Iterator[Block]:
        report = self._begin()
        keep = self._filter(report)
        builder = BlockBuilder(size, report)
        for is_chunks, texts in self._parts(report, chunks=self._duplicates == "keep"):
            if is_chunks:
                for chunk in texts:
                    yield from builder.add_chunk(chunk)
            else:
                for document in keep(texts):
                    yield from builder.add_document(document)
        yield from builder.close()
        self._end(report)

    @property
    def rereadable(self) -> bool:
        """Whether the corpus can be run through more than once: no iterator and no stream."""
        return not self._once

    @property
    def _once(self) -> bool:
        return isinstance(self._texts, Iterator) or any(
            hasattr(item.source, "read") for item in self._inputs or ()
        )

    def total_bytes(self) -> int | None:
        """Bytes of all files as they lie on disk, or None when a size is not known (streams, texts in memory)."""
        sizes = [item.size for item in self._inputs or ()]
        return None if not sizes or None in sizes else sum(sizes)

    def most_text_bytes(self) -> int | None:
        """At most how many bytes the text takes as UTF-8; None when that is not known: streams, packed files, texts
        in memory. A file in GB18030 grows by a half.
        """
        size = self.total_bytes()
        packed = any(item.packed for item in self._inputs or ())
        return None if size is None or packed else size * 3 // 2

    def fingerprint(self) -> str | None:
        """32 hexadecimal digits that change with the files' paths, sizes, times and the options; None for
        streams and texts in memory. The same fingerprint means that a pass gives the same documents.
        """
        if self._inputs is None or not all(isinstance(item.source, Path) for item in self._inputs):
            return None
        files = []
        for item in self._inputs:
            try:
                stat = item.source.stat()
                files.append([str(item.source.resolve()), stat.st_size, stat.st_mtime_ns])
            except OSError:
                files.append([str(item.source), None, None])
        options = self._options
        fields = [*field_names(options.text_field)] if options.text_field else None
        key = [
            "corpus-1",
            files,
            fields,
            codecs.lookup(options.encoding).name,
            options.unit,
            options.max_line,
            self._duplicates,
            self._strict,
        ]
        return blake2b(json.dumps(key).encode(), digest_size=16).hexdigest()

    def _begin(self) -> CorpusReport:
        if self._once and self._used:
            raise RuntimeError(
                f"{self!r} was made from an iterator or a stream, which can be run through only once, and that is done; "
                "give a list, a file or a re-iterable instead, e.g. Corpus.from_texts(list(texts))"
            )
        self._used = True
        self.report = CorpusReport(strict=self._strict)
        self.report.skipped.update(self._passed_over)
        return self.report

    def _end(self, report: CorpusReport) -> None:
        if report.documents == 0:
            reasons = (
                ", ".join(f"{n:,} x {reason}" for reason, n in report.skipped.most_common(4))
                or "there was no input"
            )
            example = f"; first: {report.examples[0][0]}: {report.examples[0][2]}" if report.examples else ""
            warnings.warn(CorpusWarning(f"{self!r} gave no document: {reasons}{example}"), stacklevel=3)

    def _parts(self, report: CorpusReport, *, chunks: bool) -> Iterator[tuple[bool, Iterator[str]]]:
        """(are chunks of lines, texts) of each input; chunks only where asked for and possible."""
        if self._inputs is None:
            yield False, memory_documents(self._texts, self._options.text_field, report)
            return
        total = self.total_bytes()

        def on_read(size: int) -> None:
            report.bytes += size
            if self._progress:
                self._progress(report.bytes, total)

        for item in self._inputs:
            if item.format == "txt":
                fast = chunks and self._options.unit == "line"
                yield fast, (read_chunks if fast else read_documents)(item, self._options, report, on_read)
            else:
                rows = read_documents(item, self._options, report, on_read)
                yield False, (without_surrogates(document, item.name, report) for document in rows)

    def _filter(self, report: CorpusReport) -> Callable[[Iterable[str]], Iterator[str]]:
        """Drops blank documents and, if asked, duplicates over the whole pass; counts everything."""
        repeated = None if self._duplicates == "keep" else DuplicateFilter(self._duplicates)

        def keep(documents: Iterable[str]) -> Iterator[str]:
            for document in documents:
                if not document or document.isspace():
                    report.skipped["blank"] += 1
                elif repeated is not None and repeated(document):
                    report.duplicates += 1
                else:
                    report.documents += 1
                    report.characters += len(document)
                    yield document

        return keep


def _check_encoding(encoding: str) -> None:
    try:
        "x".encode(encoding)
    except LookupError:
        near = get_close_matches(encoding.lower(), _ENCODINGS, 2, 0.5) or _ENCODINGS[:4]
        raise ValueError(
            f"encoding got {encoding!r}, which is no text encoding of Python; nearest: {', '.join(near)}"
        ) from None
