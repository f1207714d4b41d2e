"""``zhnlp encode``: texts to vectors, one a line, in order."""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.generate import Model
from zhnlp.cli.options import Encoding, Files, Out, Progress, TextField, Unit
from zhnlp.cli.refusals import check_apart, check_place, mendable

_WINDOW = 8192  # texts that are encoded together


@app.command(epilog="Example: zhnlp encode questions.txt --out questions.npy --normalize")
@mendable
def encode(
    files: Files,
    out: Out = None,
    model: Model = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the Hub.")] = None,
    pooling: Annotated[
        str | None,
        typer.Option(help="mean, cls, max, last or first-last; default: the model's own, else mean."),
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(help="Tokens of a text; default: the model's own, else 64.", min=1)
    ] = None,
    normalize: Annotated[bool, typer.Option("--normalize", help="Vectors of length 1.")] = False,
    batch_size: Annotated[int | None, typer.Option(help="Texts of a batch at most.", min=1)] = None,
    device: Annotated[str | None, typer.Option(help='Such as "cpu" or "cuda:0".')] = None,
    dtype: Annotated[str | None, typer.Option(help="Numbers of the network, such as bfloat16.")] = None,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    progress: Progress = None,
) -> None:
    """Turn each text into a vector: order and duplicates kept, blank lines too; .npy, .parquet, or JSON lines to stdout."""
    from zhnlp.cli.documents import say_faults, stream_documents
    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.similarity import load_encoder
    from zhnlp.similarity.vector_files import check_ending, write_vectors
    from zhnlp.similarity.windows import windows_of
    from zhnlp.text import Corpus

    if out is not None:
        check_ending(out)
    check_place(out, "--out")
    check_apart([one for one in files if one != "-"], {"--out": out})
    encoder = load_encoder(model, revision=revision, pooling=pooling, max_length=max_length, device=device)
    corpus = Corpus.from_paths(files, text_field=text_field, encoding=encoding, unit=unit)
    blank, said = 0, set()

    def encoded() -> Iterator[tuple[list[str], object]]:
        nonlocal blank
        for texts in windows_of(stream_documents(corpus, Bar(progress), "encode"), _WINDOW):
            blank += sum(not text.strip() for text in texts)
            with warnings.catch_warnings(record=True) as caught:
                vectors = encoder.encode(texts, batch_size=batch_size, normalize=normalize, dtype=dtype)
            for warning in caught:
                kind = re.sub("[0-9,]+", "", str(warning.message))
                if kind not in said:  # of the first window that has it
                    said.add(kind)
                    warnings.warn(str(warning.message), stacklevel=2)
            yield texts, vectors

    if out is None:
        count = 0
        for texts, vectors in encoded():
            count += len(texts)
            for text, vector in zip(texts, vectors.tolist()):
                print(json.dumps({"text": text, "vector": vector}, ensure_ascii=False))
    else:
        count = write_vectors(out, encoded(), encoder.size)
    say_faults(corpus)
    if not count:
        raise ValueError(f"{', '.join(files)}: there is no text to encode. Next: head {files[0]}")
    if blank:
        print(
            f"zhnlp: warning: {blank:,} of {count:,} texts are blank; their vectors mean nothing",
            file=sys.stderr,
        )
    if out is not None:
        Bar(progress).say(f"{count:,} vectors of {encoder.size} features → {out}")
