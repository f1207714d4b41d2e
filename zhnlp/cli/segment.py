"""``zhnlp segment``: cut text into words."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.application import app
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
    from zhnlp.text.files import atomic_file

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    pipe = WordSegmentation(lexicon, user_words=None if user_words is None else read_ranked(user_words))
    check_place(out, "--out")
    corpus = Corpus.from_paths(files, text_field=text_field, encoding=encoding)
    bar = Bar(progress)

    def texts():
        done = 0
        with bar.stage("segment", corpus.total_bytes(), "B"):
            for block in corpus.blocks(1 << 16):
                start = 0
                for end in block.ends.tolist():
                    yield block.text[start:end]
                    start = end + 1
                bar.advance(block.source_bytes - done)
                done = block.source_bytes

    def lines():
        if format == "jsonl":
            for text in texts():
                yield json.dumps({"text": text, "words": pipe(text)}, ensure_ascii=False)
        else:
            for line in pipe.segmenter.segment_lines(texts()):
                yield separator.join(line)

    if out is None:
        for line in lines():
            print(line)
    else:
        with atomic_file(out) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines())
    read = corpus.report
    if read.examples or read.skipped.keys() - {"blank"}:
        print(read, file=sys.stderr)
