"""Texts that are in memory already: strings, rows, and columns of tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from zhnlp.text.characters import replace_surrogates
from zhnlp.text.readers.fields import TextField
from zhnlp.text.report import CorpusReport


def memory_documents(
    texts: Iterable, text_field: str | Sequence[str] | None, report: CorpusReport
) -> Iterator[str]:
    """Each text or row; None and rows without the field are counted, another type raises TypeError."""
    field = None
    for position, text in enumerate(texts):
        if isinstance(text, Mapping):
            if field is None:
                field = TextField(text_field, "texts")
                texts_only = [key for key, value in text.items() if isinstance(value, str)]
                field.settle(texts_only if text_field is None else text, complete=False)
            try:
                text = field.pick(text)
            except LookupError as error:
                report.skip(str(error.args[0]), "texts", position + 1)
                continue
        elif text is None or (isinstance(text, float) and text != text):  # NaN is pandas' None
            report.skip("no text", "texts", position + 1, repr(text))
            continue
        elif not isinstance(text, str):
            raise TypeError(
                f"text {position} is {type(text).__name__}: {str(text)[:40]!r}, expected str (or a dict with text_field=)"
            )
        yield without_surrogates(text, "texts", report, position + 1)


def without_surrogates(text: str, path: str, report: CorpusReport, line: int = 0) -> str:
    """Half surrogate pairs (from JSON escapes, or from os.fsdecode) as U+FFFD one for one; offsets stay."""
    repaired = replace_surrogates(text)
    if repaired != text:
        report.repair(path, line, "half a surrogate pair")
    return repaired


def column_of(
    texts: Any, text_field: str | Sequence[str] | None
) -> tuple[Iterable, str | Sequence[str] | None]:
    """The text column of a table (datasets, Arrow, pandas); other iterables as they are."""
    is_frame = hasattr(texts, "columns") and hasattr(texts, "iloc")
    columns = list(texts.columns) if is_frame else getattr(texts, "column_names", None)
    if not columns or not hasattr(texts, "__getitem__"):
        if hasattr(texts, "to_pylist"):  # an Arrow array holds scalars, not str
            texts = texts.to_pylist()
        return texts, text_field
    field = TextField(text_field, f"{type(texts).__name__} table")
    field.settle([str(name) for name in columns], complete=True)
    if len(field.names) == 1 and field.names[0] in columns:
        column = texts[field.names[0]]
        return (column.to_pylist() if hasattr(column, "to_pylist") else column), None
    if is_frame:
        return texts.to_dict("records"), list(field.names)
    return (texts.to_pylist() if hasattr(texts, "to_pylist") else texts), list(field.names)
