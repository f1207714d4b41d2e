"""What a user gives to be read on Spark: paths of any Hadoop file system, or a DataFrame."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from zhnlp.mining.spark.pieces import PATH, START, VALUE, Reading
from zhnlp.text.readers import ReadOptions, file_format
from zhnlp.text.readers.fields import TextField

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FORMATS = {"text": "txt", "jsonl": "jsonl", "parquet": "parquet"}
_WIDE = re.compile(r"utf-?(16|32|7)|iso2022|hz")


@dataclass
class Opened:
    """Rows to be read, and the order of their files.

    Attributes:
        frames: (rows, how they become documents).
        rank: what files are sorted by.
        passed_over: files that were left out, by reason.
    """

    frames: list[tuple[DataFrame, Reading]]
    rank: Callable[[str], tuple]
    passed_over: dict[str, int] = field(default_factory=dict)


def open_source(
    session: SparkSession,
    source: Any,
    *,
    text_field: str | list[str] | None = None,
    encoding: str = "utf-8",
    unit: str = "line",
    duplicates: str = "keep",
    strict: bool = False,
    max_line: int = 1_000_000,
    format: str | None = None,
) -> Opened:
    """Look at a source; nothing is read yet but the names of files.

    Args:
        session: Spark.
        source: a path or pattern (str or Path; "hdfs://…", "s3a://…", or of the default file system), a list of these,
            or a DataFrame.  Folders are walked for .txt, .jsonl and .parquet, also packed as Hadoop unpacks them
            (.gz, .bz2, .zst).
        text_field: column or key of the text, as for `zhnlp.text.Corpus.from_paths`.
        encoding: of text, one in which a line end is one byte.
        unit: "line".
        duplicates: "keep".
        strict: stop at the first fault.
        max_line: longest line or row text, in characters; longer ones are cut.
        format: "text", "jsonl" or "parquet" for files whose names do not tell.

    Raises:
        TypeError: a source of another kind.
        ValueError: an option that Spark cannot serve, or a format that it does not read.
        FileNotFoundError: no file by that name.
    """
    if unit != "line":
        raise ValueError(
            f'unit={unit!r} is not possible on Spark, where a document of text is a line: unit="line"'
        )
    if duplicates != "keep":
        raise ValueError(
            f"duplicates={duplicates!r} is not possible on Spark, where no task sees all documents: drop them before, "
            "e.g. frame.dropDuplicates(['text']), and give the frame"
        )
    if _WIDE.match(codecs.lookup(encoding).name.replace("_", "")):
        raise ValueError(
            f"encoding={encoding!r} is not possible on Spark, which cuts files at the byte of a line end: convert to utf-8"
        )
    if format is not None and format not in FORMATS:
        raise ValueError(f"format={format!r} is not known: expected one of {', '.join(map(repr, FORMATS))}")
    options = ReadOptions(text_field, encoding, unit, max_line)
    if hasattr(source, "mapInArrow"):
        from pyspark.sql import functions as F

        rows = source.withColumns({PATH: F.lit(""), START: F.spark_partition_id().cast("bigint")})
        return Opened([_table(rows, source, options, strict)], lambda path: ())
    names = _names(source)
    files = _list_files(session, names)
    chosen, passed_over = _sorted_by_format(files, names, format)
    frames = []
    if lines := chosen["txt"] + chosen["jsonl"]:
        paths = names if len(names) == 1 and len(lines) == len(files) else lines  # each file once
        suffix = "" if format is None else "." + FORMATS[format]
        frames.append((_lines(session, paths), Reading(options, None, strict, suffix)))
    if chosen["parquet"]:
        paths = names if len(names) == 1 and len(chosen["parquet"]) == len(files) else chosen["parquet"]
        table = session.read.option("recursiveFileLookup", "true").parquet(*paths)
        frames.append(_table(_placed(table), table, options, strict))
    return Opened(frames, _rank(names), passed_over)


def _names(source: Any) -> list[str]:
    given = [source] if isinstance(source, (str, Path)) else source
    if not isinstance(given, (list, tuple)) or not all(isinstance(name, (str, Path)) for name in given):
        raise TypeError(
            f"source got {type(source).__name__}, expected on Spark a path, a list of paths or a DataFrame; texts in memory "
            'need no cluster: engine="local"'
        )
    if not given:
        raise FileNotFoundError("no paths given: got an empty list")
    here = [path for name in given if isinstance(name, Path) and (path := name.expanduser()).exists()]
    local = {path: "file://" + str(path.resolve()) for path in here}
    return [local.get(name.expanduser(), str(name)) if isinstance(name, Path) else name for name in given]


def _list_files(session: SparkSession, names: list[str]) -> list[str]:
    from pyspark.errors import AnalysisException

    try:
        found = session.read.option("recursiveFileLookup", "true").text(names).inputFiles()
    except AnalysisException as error:
        raise FileNotFoundError(
            f"no such path on Spark's file systems: got {names}; {str(error).splitlines()[0]}. A path without a scheme is "
            'looked up on the default one; for a file of this machine say "file:///…"'
        ) from None
    if not found:
        raise FileNotFoundError(
            f"nothing to read: {names} hold no file (names that begin with _ or . are left out)"
        )
    return sorted({unquote(name) for name in found})


def _sorted_by_format(
    files: list[str], names: list[str], format: str | None
) -> tuple[dict[str, list[str]], dict[str, int]]:
    """The files of each format, and how many were passed over for what reason."""
    chosen: dict[str, list[str]] = {"txt": [], "jsonl": [], "parquet": []}
    passed_over: dict[str, int] = {}
    asked_for = {_plain(name) for name in names}
    for name in files:
        kind = FORMATS.get(format) or file_format(name)
        if kind is None and _plain(name) in asked_for:
            kind = "txt"
        if name.lower().endswith(".xz"):
            raise ValueError(
                f"{name} is packed with xz, which Hadoop does not unpack: pack it as .zst, .bz2 or .gz"
            )
        if kind in ("csv", "tsv"):
            raise ValueError(
                f"{name} is {kind}, whose quoted fields may hold line ends, so that it cannot be cut: give the frame, e.g. "
                'fit(spark.read.csv(path, header=True, multiLine=True), text_field="…")'
            )
        if kind is None:
            reason = f"file of unknown kind ({Path(name).suffix or 'no suffix'})"
            passed_over[reason] = passed_over.get(reason, 0) + 1
            continue
        chosen[kind].append(name)
    if not any(chosen.values()):
        raise FileNotFoundError(
            f"{names} hold {len(files):,} files, none of a known kind (.txt, .jsonl, .parquet), e.g. {files[0]}: "
            'say what they are, format="text", "jsonl" or "parquet"'
        )
    return chosen, passed_over


def _plain(name: str) -> str:
    return urlsplit(name).path if "://" in name or name.startswith("file:") else name


def _rank(names: list[str]) -> Callable[[str], tuple]:
    """Sorts files as one machine does: by the name they were asked for, then folder by folder."""
    asked_for = [_plain(name).rstrip("/") for name in names]

    def rank(path: str) -> tuple:
        plain = _plain(unquote(path))
        hits = (
            i
            for i, name in enumerate(asked_for)
            if plain == name
            or plain.startswith(name + "/")
            or fnmatch(plain, name)
            or plain.endswith("/" + name)
        )
        return next(hits, len(asked_for)), plain.split("/")

    return rank


def _placed(frame: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return frame.withColumns(
        {PATH: F.col("_metadata.file_path"), START: F.col("_metadata.file_block_start").cast("bigint")}
    )


def _lines(session: SparkSession, paths: list[str]) -> DataFrame:
    from pyspark.sql import functions as F

    frame = _placed(session.read.option("recursiveFileLookup", "true").text(paths))
    return frame.select(PATH, START, F.col("value").cast("binary").alias(VALUE))


def _table(
    placed: DataFrame, table: DataFrame, options: ReadOptions, strict: bool
) -> tuple[DataFrame, Reading]:
    field = TextField(options.text_field, "the table")
    kinds = dict(table.dtypes)
    field.settle([name for name in kinds if options.text_field or kinds[name] == "string"], complete=True)
    wanted = sorted({name if name in kinds else name.split(".")[0] for name in field.names})
    columns = [f"`{name}`" for name in wanted]
    return placed.select(PATH, START, *columns), Reading(options, tuple(wanted), strict)
