"""Ranked lists that jieba gives of a whole corpus: frequency, TF-IDF, TextRank.  No list is cut.

jieba's own code computes the scores (`jieba.analyse.TFIDF.extract_tags`, `TextRank.textrank`, topK=None); only its
tokenizers are replaced by one that gives the tokens of the whole corpus, cut or tagged once, a document after the other
with a line break between two.  So TF-IDF is the corpus's tf times jieba's own idf, and TextRank is one graph over all
sentences with jieba's window of 5 tokens, in which punctuation takes a place.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

from harness.data import TextFile
from harness.process import WORKERS

NOUNS_AND_VERBS = ("ns", "n", "vn", "v")  # jieba's default for TextRank


class Given:
    """A tokenizer that gives tokens cut before, whatever the text."""

    def __init__(self, tokens: Iterable):
        self.tokens = tokens

    def cut(self, text: str) -> Iterator:
        """The tokens of the corpus."""
        return iter(self.tokens)


def cut_words(path: Path) -> Counter:
    """How often `jieba.cut` gives each word of a file, a document a line."""
    import jieba

    jieba.setLogLevel(60)
    counts: Counter = Counter()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            counts.update(jieba.cut(line.rstrip("\n")))
    return counts


def tag(text: TextFile) -> Path:
    """A text's tokens with their tags, made by workers/tag.py where they do not lie beside it yet."""
    path = text.path
    tagged = path.with_name(f"{path.stem}-{text.sha256[:12]}.tagged")
    if not tagged.is_file():
        print(f"tagging {path.name} with jieba.posseg: minutes", file=sys.stderr)
        subprocess.run([sys.executable, str(WORKERS / "tag.py"), str(path), str(tagged)], check=True)
    return tagged


def tagged_documents(tagged: Path) -> Iterator[list[tuple[str, str]]]:
    """(word, tag) of the tokens of each document; equal pairs are one object."""
    known: dict[str, tuple[str, str]] = {}
    with tagged.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            document = []
            for token in line.rstrip("\n").split("\x1f"):
                pair = known.get(token)
                if pair is None:
                    pair = known[token] = tuple(token.split("\x1e"))
                document.append(pair)
            yield document


def by_frequency(counts: Counter) -> list[str]:
    """The words, most frequent first."""
    return [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def tf_idf(counts: Counter) -> list[str]:
    """`TFIDF.extract_tags` of the whole corpus, all parts of speech."""
    from jieba.analyse import TFIDF

    model = TFIDF()
    model.tokenizer = Given(counts.elements())
    return model.extract_tags("", topK=None)


def tf_idf_tagged(tagged: Path) -> list[str]:
    """`TFIDF.extract_tags` of the whole corpus with TextRank's parts of speech."""
    from jieba.analyse import TFIDF

    model = TFIDF()
    model.postokenizer = Given(_pairs(tagged))
    return model.extract_tags("", topK=None, allowPOS=NOUNS_AND_VERBS)


def text_rank(tagged: Path) -> list[str]:
    """`TextRank.textrank` of the whole corpus at its defaults."""
    from jieba.analyse import TextRank

    model = TextRank()
    model.tokenizer = Given(_pairs(tagged))
    return model.textrank("", topK=None)


def _pairs(tagged: Path) -> Iterator[SimpleNamespace]:
    known: dict[tuple[str, str], SimpleNamespace] = {}
    end = SimpleNamespace(word="\n", flag="x")
    for document in tagged_documents(tagged):
        for pair in document:
            found = known.get(pair)
            if found is None:
                found = known[pair] = SimpleNamespace(word=pair[0], flag=pair[1])
            yield found
        yield end
