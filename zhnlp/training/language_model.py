"""From a corpus to a language model of one's own: vocabulary, tokens, training, anneal, and a folder to load.

Everything is kept beside the model in ``training/``, so that the same call goes on where a kill ended it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.text.files import write_whole
from zhnlp.text.holdout import held_out

if TYPE_CHECKING:
    from zhnlp.text import Corpus
    from zhnlp.training.pretraining.plan import Plan
    from zhnlp.training.pretraining.tokens import TokenFile, WordStarts

_OF_TRAINING = ("optimizer.pt", "scheduler.pt", "trainer_state.json", "training_args.bin", "rng_state")


def train_language_model(
    corpus: Corpus,
    out: str | Path,
    plan: Plan,
    *,
    steps: int,
    anneal: int | None = None,
    min_count: int = 5,
    held_out_share: float = 0.01,
    word_starts: WordStarts | None = None,
    say: Callable[[str], None] = lambda line: None,
    **arguments: Any,
) -> dict[str, Any]:
    """Train a masked or causal language model on a corpus; ``out`` is then a checkpoint that loads anywhere.

    Called again it continues, also with more steps; a finished training returns at once.

    Args:
        corpus: re-readable; documents of `held_out_share` are kept out and scored.
        out: folder of the model; ``training/`` in it holds vocabulary, tokens, checkpoints and logs.
        plan: network, batch and rates; it cannot be changed later.
        steps: at a constant rate.
        anneal: more steps, in which the rate falls to zero; None for a tenth of ``steps``, 0 for none.
        min_count: occurrences below which a character is not in the vocabulary.
        word_starts: from a text to the offsets of its words, for whole-word masks; None for single characters.
        say: is told what begins.
        **arguments: for `transformers.TrainingArguments`.

    Returns:
        ``folder``, ``steps``, ``tokens`` and the last held-out figures (loss in nats, accuracy in [0, 1]).

    Raises:
        ValueError: the corpus is a stream, too short, another than before, or holds nothing.
    """
    from zhnlp.tokenizers.chinese import build_tokenizer
    from zhnlp.training.pretraining.anneal import anneal as let_anneal
    from zhnlp.training.pretraining.finish import curve
    from zhnlp.training.pretraining.run import pretrain

    if steps < 1 or (anneal is not None and anneal < 0):
        raise ValueError(f"steps is {steps}, anneal {anneal}: expected at least 1 and at least 0")
    anneal = steps // 10 if anneal is None else anneal
    out, work = Path(out), Path(out) / "training"
    work.mkdir(parents=True, exist_ok=True)
    _same_corpus(corpus, work / "corpus.json", min_count=min_count, held_out_share=held_out_share)
    vocab = _vocabulary(corpus, work / "vocab.txt", min_count, held_out_share, say)
    tokenizer = build_tokenizer(vocab, form=plan.objective, max_length=plan.max_positions)
    file, kept_out = (
        _tokens(corpus, tokenizer, work / name, held_out_share, word_starts, say)
        for name in ("train", "held")
    )
    if file is None:
        raise ValueError(
            "the corpus has no document to train on: expected more text. Next: look at what was skipped"
        )
    rows = 0 if kept_out is None else len(kept_out) // plan.length
    if not rows:
        say("no document is long enough to be kept out: nothing is scored")
    every = max(1, steps // 10)
    common = {
        "held_out": {"held_out": kept_out} if rows else None,
        "held_out_rows": min(512, rows),
        "evaluate_every": every,
        "save_every": every,
        "logging_steps": max(1, min(100, every // 5)),
        **arguments,
    }
    last = pretrain(plan, tokenizer, [file], work / "steps", steps=steps, **common)
    if anneal:
        last = let_anneal(plan, tokenizer, [file], last, work / "anneal", steps=anneal, **common)
    for path in last.iterdir():
        if not path.name.startswith(_OF_TRAINING):
            shutil.copy(path, out)
    figures = (curve(last, plan.tokens_a_step) or [{}])[-1]
    figures = {name.removeprefix("held_out_"): value for name, value in figures.items() if name != "tokens"}
    return {
        "folder": str(out),
        "steps": steps + anneal,
        "tokens": (steps + anneal) * plan.tokens_a_step,
        **figures,
    }


def _same_corpus(corpus: Corpus, path: Path, **choices: Any) -> None:
    """Refuse to go on with other text than the tokens on disk were made of."""
    if not corpus.rereadable:
        raise ValueError(
            "the corpus is a stream, which can be read only once: expected files. Next: write it to a file first"
        )
    facts = {"fingerprint": corpus.fingerprint(), **choices}
    if not path.exists():
        write_whole(path, json.dumps(facts))
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    if changed := [name for name, value in facts.items() if before.get(name) != value]:
        raise ValueError(
            f"{path.parent.parent} was begun with other text or options ({', '.join(changed)}): expected the same files, "
            "unchanged. Next: another --out, or delete this folder"
        )


def _documents(corpus: Corpus, share: float, *, kept_out: bool) -> Iterator[str]:
    return (document for document in corpus if held_out(document, share) == kept_out)


def _vocabulary(
    corpus: Corpus, path: Path, min_count: int, share: float, say: Callable[[str], None]
) -> list[str]:
    from zhnlp.tokenizers.chinese import train_char_vocab

    if not path.exists():
        say("vocabulary")
        texts = _documents(corpus, share, kept_out=False)
        vocab = train_char_vocab(texts, min_count=min_count, min_sign=min_count)
        write_whole(path, json.dumps(vocab, ensure_ascii=False))
    return json.loads(path.read_text(encoding="utf-8"))


def _tokens(
    corpus: Corpus,
    tokenizer: Any,
    folder: Path,
    share: float,
    word_starts: WordStarts | None,
    say: Callable[[str], None],
) -> TokenFile | None:
    """The tokens of the training or held-out documents, made once; None where there is no document."""
    from zhnlp.training.pretraining.tokens import TokenFile

    kept_out = folder.name == "held"
    if not (folder / "tokens.json").exists():
        texts: Iterable[str] = _documents(corpus, share, kept_out=kept_out)
        first = next(iter(texts), None)
        if first is None:
            return None
        say(f"tokens → {folder}")
        words = None if kept_out else word_starts
        return TokenFile.build(chain([first], texts), tokenizer, folder, word_starts=words)
    return TokenFile(folder)
