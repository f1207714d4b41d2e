"""From corpora to what is trained on: vocabulary, token files to train on and held-out ones, made once and kept.

A folder holds ``vocab.txt`` (an entry a line, the line break as ``\\n``), ``<name>.train`` and ``<name>.held`` (token
files) and ``corpus.json``, which says what they were made of: other text, options or words are refused. With several
processes the main one makes them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.text.files import write_whole
from zhnlp.text.holdout import SHARE, held_out
from zhnlp.training.pretraining.processes import main_process_first
from zhnlp.training.pretraining.tokens import TokenFile, WordStarts, starts_function

if TYPE_CHECKING:
    from zhnlp.text import Corpus
    from zhnlp.tokenizers.words import WordTokenizer

_FACTS = "corpus.json"
_SAMPLE = 100_000  # characters on which two ways to find words are told apart


@dataclass
class Prepared:
    """Vocabulary, and token files by the name of their source; ``held`` lacks those of which no document is kept out."""

    vocab: list[str]
    train: dict[str, TokenFile] = field(default_factory=dict)
    held: dict[str, TokenFile] = field(default_factory=dict)


def prepare(
    sources: Mapping[str, Corpus],
    folder: str | Path,
    *,
    held_out_share: float = SHARE,
    vocabulary: Mapping[str, Any] | None = None,
    vocab: Sequence[str] | None = None,
    word_starts: WordStarts | WordTokenizer | None = None,
    lexicon: str | Path | None = None,
    begun: bool = True,
    use_cpu: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Prepared:
    """Make what is not yet in ``folder``, and read it.

    A folder of an earlier version, without ``corpus.json``, is taken as it is, which ``say`` is told.

    Args:
        sources: re-readable corpora by name.
        folder: of vocabulary and tokens.
        held_out_share: share of the documents that are kept out of training.
        vocabulary: options of `train_char_vocab`.
        vocab: the entries themselves, such as those of a model that the training begins from; none is then learned.
        word_starts: for whole-word masks, as `TokenFile.build` has it; None for single characters.
        lexicon: the file that ``word_starts`` was made of; another one is refused.
        begun: a training has taken steps on what is in ``folder``; where none has, other text replaces it.
        use_cpu: the training will run on CPUs although there are GPUs.
        say: is told what begins.

    Raises:
        ValueError: a corpus is a stream or has no document to train on, ``held_out_share`` leaves none, or ``folder`` was made
            of something else.
    """
    if not 0 <= held_out_share < 1:
        raise ValueError(
            f"the held-out share is {held_out_share}: expected 0 or more and less than 1, as what is kept out is not trained "
            "on. Next: 0.01"
        )
    folder, vocabulary = Path(folder), dict(vocabulary or {})
    if streams := [name for name, corpus in sources.items() if not corpus.rereadable]:
        raise ValueError(
            f"the corpus ({', '.join(streams)}) is a stream, which can be read only once: expected files. "
            "Next: write it to a file first"
        )
    facts = {
        "fingerprint": {name: _fingerprint(corpus) for name, corpus in sources.items()},
        **vocabulary,
        "held_out_share": held_out_share,
        "words": _words(sources, held_out_share, word_starts, lexicon),
    }
    if vocab is not None:
        facts["vocab"] = blake2b("\0".join(vocab).encode("utf-8"), digest_size=16).hexdigest()
    with main_process_first(use_cpu=use_cpu):
        _same(folder, facts, begun, say)
        vocab = _vocab(sources, folder / "vocab.txt", held_out_share, vocabulary, vocab, say)
        made = Prepared(vocab)
        for name, corpus in sources.items():
            train = _tokens(corpus, vocab, folder / f"{name}.train", held_out_share, word_starts, say)
            if train is None:
                raise ValueError(
                    f"the corpus ({name}) has no document to train on: expected more text. "
                    "Next: look at what was skipped"
                )
            made.train[name] = train
            held = _tokens(corpus, vocab, folder / f"{name}.held", held_out_share, None, say)
            if held is None:
                say(f"{name}: no document is kept out, so it is not scored")
            else:
                made.held[name] = held
    return made


def documents(corpus: Corpus, share: float = SHARE, *, kept_out: bool) -> Iterator[str]:
    """The documents of a corpus that are kept out of training, or all the others."""
    return (document for document in corpus if held_out(document, share) == kept_out)


def file_names(paths: Iterable[Path]) -> dict[str, Path]:
    """A name for each file, no two the same: its own without .txt, .xz and the like, and a number where that is taken.

    Example:
        >>> list(file_names([Path("news.2019.txt"), Path("news.2020.txt.xz"), Path("b/news.2019.txt")]))
        ['news.2019', 'news.2020', 'news.2019-2']
    """
    found: dict[str, Path] = {}
    for path in paths:
        stem = path
        while stem.suffix in (".txt", ".jsonl", ".csv", ".tsv", ".parquet", ".gz", ".bz2", ".xz", ".zst"):
            stem = stem.with_suffix("")
        name, number = stem.name, 1
        while name in found:
            number += 1
            name = f"{stem.name}-{number}"
        found[name] = path
    return found


def _fingerprint(corpus: Corpus) -> str:
    if (found := corpus.fingerprint()) is not None:
        return found
    digest = blake2b(digest_size=16)  # texts in memory
    for document in corpus:
        digest.update(document.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _words(
    sources: Mapping[str, Corpus],
    share: float,
    word_starts: WordStarts | WordTokenizer | None,
    lexicon: str | Path | None,
) -> str | None:
    """A digest of the lexicon, and of where words start at the beginning of each corpus."""
    if word_starts is None:
        return None
    find, digest = starts_function(word_starts), blake2b(digest_size=16)
    if lexicon is not None:
        digest.update(Path(lexicon).read_bytes())
    for corpus in sources.values():
        left = _SAMPLE
        for document in documents(corpus, share, kept_out=False):
            text = document[:left]
            digest.update(",".join(map(str, find(text))).encode() + b"\n")
            left -= len(text)
            if left <= 0:
                break
    return digest.hexdigest()


def _same(folder: Path, facts: Mapping[str, Any], begun: bool, say: Callable[[str], None]) -> None:
    """Refuse to go on with other text than the tokens on disk were made of."""
    path = folder / _FACTS
    if not path.exists():
        if (folder / "vocab.txt").exists():
            say(f"{folder} does not say what it was made of: its vocabulary and tokens are taken as they are")
        write_whole(path, json.dumps(facts, ensure_ascii=False))
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    if changed := [name for name in {**before, **facts} if before.get(name) != facts.get(name)]:
        if not begun:
            say(
                f"{folder}: other text or options than before ({', '.join(changed)}), and no step taken: anew"
            )
            for old in [folder / "vocab.txt", *folder.glob("*.train"), *folder.glob("*.held")]:
                shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
            write_whole(path, json.dumps(facts, ensure_ascii=False))
            return
        raise ValueError(
            f"{folder} was begun with other text or options ({', '.join(changed)}): expected the same files, unchanged. Next: "
            f"another folder, or delete this one; where the files were only copied or moved, so that their dates or paths "
            f"differ, delete {path} alone and the tokens are taken as they are"
        )


def _vocab(
    sources: Mapping[str, Corpus],
    path: Path,
    share: float,
    options: Mapping[str, Any],
    given: Sequence[str] | None,
    say: Callable[[str], None],
) -> list[str]:
    from zhnlp.tokenizers.chinese import train_char_vocab

    if not path.exists():
        found = given
        if found is None:
            say(f"vocabulary → {path}")
            kept = (documents(corpus, share, kept_out=False) for corpus in sources.values())
            found = train_char_vocab(chain.from_iterable(kept), **options)
        write_whole(path, "\n".join("\\n" if entry == "\n" else entry for entry in found))
    entries = path.read_bytes().decode("utf-8").split("\n")
    return ["\n" if entry == "\\n" else entry for entry in entries]


def _tokens(
    corpus: Corpus,
    vocab: list[str],
    folder: Path,
    share: float,
    word_starts: WordStarts | WordTokenizer | None,
    say: Callable[[str], None],
) -> TokenFile | None:
    """The tokens of the training or held-out documents, made once; None where there is no document."""
    from zhnlp.tokenizers.chinese import build_tokenizer

    if (folder / "tokens.json").exists():
        return TokenFile(folder)
    texts = documents(corpus, share, kept_out=folder.suffix == ".held")
    first = next(texts, None)
    if first is None:
        return None
    say(f"tokens → {folder}")
    return TokenFile.build(chain([first], texts), build_tokenizer(vocab), folder, word_starts=word_starts)
