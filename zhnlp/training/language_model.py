"""From a corpus to a language model of one's own: vocabulary, tokens, training, anneal, and a folder to load.

Everything is kept beside the model in ``training/``, so that the same call goes on where a kill ended it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zhnlp.text import Corpus
    from zhnlp.tokenizers.words import WordTokenizer
    from zhnlp.training.pretraining.plan import Plan
    from zhnlp.training.pretraining.tokens import WordStarts

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
    word_starts: WordStarts | WordTokenizer | None = None,
    lexicon: str | Path | None = None,
    say: Callable[[str], None] = lambda line: None,
    **arguments: Any,
) -> dict[str, Any]:
    """Train a masked or causal language model on a corpus; ``out`` is then a checkpoint that loads anywhere.

    Called again it continues, also with more steps; a finished training returns at once. Before the first checkpoint
    other text and another plan begin anew.

    Args:
        corpus: re-readable; documents of `held_out_share` are kept out and scored.
        out: folder of the model; ``training/`` in it holds vocabulary, tokens, checkpoints and logs.
        plan: network, batch and rates; it cannot be changed later. Where it has a ``start``, that model's vocabulary is
            used.
        steps: at a constant rate.
        anneal: more steps, in which the rate falls to zero; None for a tenth of ``steps``, 0 for none.
        min_count: occurrences below which a character is not in the vocabulary, where one is made.
        word_starts: for whole-word masks, a `WordTokenizer` of `zhnlp.tokenizers.words` (jieba's words, those of a mined
            lexicon, of a Unigram model), or a function from a text to the offsets of its words; None for single
            characters.
        lexicon: the file that ``word_starts`` was made of; a training is not continued with another one.
        say: is told what begins.
        **arguments: for `transformers.TrainingArguments`.

    Returns:
        ``folder``, ``steps`` and ``tokens`` (of all devices, those that the card of its ``start`` tells of counted in), and the
        last held-out figures (loss in nats, accuracy in [0, 1]), or ``held_out`` None where no document was kept out.

    Raises:
        ValueError: the corpus is a stream, too short, another than before, or holds nothing.
    """
    from zhnlp.models.loading import load_model
    from zhnlp.tokenizers.chinese import build_tokenizer
    from zhnlp.training.pretraining.anneal import anneal as let_anneal
    from zhnlp.training.pretraining.finish import curve, training_facts, write_training_card
    from zhnlp.training.pretraining.prepared import prepare
    from zhnlp.training.pretraining.processes import main_process_first
    from zhnlp.training.pretraining.run import pretrain
    from zhnlp.training.pretraining.start import vocabulary_of

    if steps < 1 or (anneal is not None and anneal < 0):
        raise ValueError(f"steps is {steps}, anneal {anneal}: expected at least 1 and at least 0")
    anneal = steps // 10 if anneal is None else anneal
    out, work = Path(out), Path(out) / "training"
    use_cpu = bool(arguments.get("use_cpu"))
    begun = any((work / "steps").glob("checkpoint-*"))
    if not begun:
        (work / "steps/plan.json").unlink(missing_ok=True)
    data = prepare(
        {"corpus": corpus},
        work,
        held_out_share=held_out_share,
        vocabulary={"min_count": min_count, "min_sign": min_count},
        vocab=vocabulary_of(plan.start) if plan.start else None,
        word_starts=word_starts,
        lexicon=lexicon,
        begun=begun,
        use_cpu=use_cpu,
        say=say,
    )
    tokenizer = build_tokenizer(data.vocab, form=plan.objective, max_length=plan.max_positions)
    files, kept_out = list(data.train.values()), data.held.get("corpus")
    every = max(1, steps // 10)
    common = {
        "held_out": {} if kept_out is None else {"held_out": kept_out},
        "evaluate_every": every,
        "save_every": every,
        "logging_steps": max(1, min(100, every // 5)),
        **arguments,
    }
    last = pretrain(plan, tokenizer, files, work / "steps", steps=steps, **common)
    if anneal:
        last = let_anneal(plan, tokenizer, files, last, work / "anneal", steps=anneal, **common)
    facts = training_facts(last, plan.tokens_a_step)
    figures = (curve(last, plan.tokens_a_step) or [{}])[-1]
    figures = {name.removeprefix("held_out_"): value for name, value in figures.items() if name != "tokens"}
    with main_process_first(use_cpu=use_cpu) as main:
        if main:
            for path in last.iterdir():
                if not path.name.startswith(_OF_TRAINING):
                    shutil.copy(path, out)
            read = sum(len(file) for file in files)
            write_training_card(
                out,
                load_model(last, plan.objective, device="cpu", check=False),
                tokenizer,
                plan,
                facts,
                data=f"{read:,} tokens of the user's own text",
                licence="unknown: that of the text",
                scores={name: round(value, 4) for name, value in figures.items()},
                limits="It knows what its text says, and only that.",
            )
    return {
        "folder": str(out),
        "steps": facts["steps"],
        "tokens": facts["tokens"],
        **(figures or {"held_out": None}),
    }
