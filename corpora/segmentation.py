"""Gold segmentations as text: one sentence a line, one blank between words.

    python corpora/segmentation.py --set pku --out workdir/pku_gold.txt
    python corpora/segmentation.py --set ud-test --out workdir/ud_test.txt

Reads SIGHAN files (words with blanks between them) and CoNLL-U (second column; ranges such as 3-4 and empty nodes
such as 3.1 are left out). Public sets: segmentation/pku_test_gold.utf8 (research use only) and
segmentation/ud_gsdsimp/*.conllu (CC BY-SA). The raw text of a line is the line without its blanks.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from public_data import command, inputs, lines, write

SETS = {
    "pku": "segmentation/pku_test_gold.utf8",
    "ud-dev": "segmentation/ud_gsdsimp/zh_gsdsimp-ud-dev.conllu",
    "ud-test": "segmentation/ud_gsdsimp/zh_gsdsimp-ud-test.conllu",
}


def sighan_sentences(path: Path) -> Iterator[str]:
    """Lines of a SIGHAN gold file with single blanks; blank lines are left out."""
    for line in lines(path):
        if words := line.split():
            yield " ".join(words)


def conllu_sentences(path: Path) -> Iterator[str]:
    """Sentences of a CoNLL-U file; a blank inside a word is taken out, since blanks part words here."""
    words: list[str] = []
    for line in lines(path):
        columns = line.split("\t")
        if len(columns) > 1 and columns[0].isdigit():
            words.append("".join(columns[1].split()))
        elif not line.strip() and words:
            yield " ".join(words)
            words = []
    if words:
        yield " ".join(words)


def main() -> int:
    """Read one gold set, write its sentences."""
    parser = command(__doc__)
    parser.add_argument("--set", choices=SETS, default="pku", help="which set (default: %(default)s)")
    options = parser.parse_args()
    paths = inputs(options, SETS[options.set])
    readers = {".conllu": conllu_sentences}
    sentences = (sentence for path in paths for sentence in readers.get(path.suffix, sighan_sentences)(path))
    return write(sentences, options)


if __name__ == "__main__":
    sys.exit(main())
