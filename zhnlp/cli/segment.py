"""``zhnlp segment``: cut text into words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.documents import say_faults, stream_documents, write_lines
from zhnlp.cli.options import Encoding, Files, Out, Progress, TextField
from zhnlp.cli.refusals import check_place, mendable


@app.command(epilog="Example: zhnlp segment news.txt --lexicon words.csv --out news.seg.txt")
@mendable
def segment(
    files: Files,
    lexicon: Annotated[Path | None, typer.Option(help="Lexicon file; default: jieba's dictionary.")] = None,
    user_words: Annotated[Path | None, typer.Option(help="File of words that win over their parts.")] = None,
    separator: Annotated[str, typer.Option(help="What stands between two words.")] = " ",
    format: Annotated[
        str, typer.Option(help="text: words with separators; jsonl: words with offsets.")
    ] = "text",
    out: Out = None,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    progress: Progress = None,
) -> None:
    """Cut text into words, a document a line, in the order of the input; blank lines of text files stay."""
    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.mining.reference import read_ranked
    from zhnlp.tasks.segmentation import WordSegmentation
    from zhnlp.text import Corpus

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    pipe = WordSegmentation(lexicon, user_words=None if user_words is None else read_ranked(user_words))
    check_place(out, "--out")
    corpus = Corpus.from_paths(files, text_field=text_field, encoding=encoding)
    texts = stream_documents(corpus, Bar(progress), "segment")

    def lines():
        if format == "jsonl":
            for text in texts:
                yield json.dumps({"text": text, "words": pipe(text)}, ensure_ascii=False)
        else:
            for line in pipe.segmenter.segment_lines(texts):
                yield separator.join(line)

    write_lines(lines(), out)
    say_faults(corpus)
