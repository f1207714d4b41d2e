"""The body of both pre-training recipes: tokens, training, anneal, the folder that ships."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import chain
from pathlib import Path

import torch
from pretraining_data import news, plan_of, prepared, sources

from zhnlp.checkpoints.card import read_card
from zhnlp.models.loading import load_model
from zhnlp.text.sampling import sample
from zhnlp.tokenizers import load
from zhnlp.tokenizers.chinese import build_tokenizer
from zhnlp.training.pretraining.anneal import anneal
from zhnlp.training.pretraining.evaluation import score_causal, score_masked
from zhnlp.training.pretraining.finish import curve, finish
from zhnlp.training.pretraining.plan import Plan
from zhnlp.training.pretraining.prepared import documents
from zhnlp.training.pretraining.processes import is_main_process
from zhnlp.training.pretraining.run import pretrain
from zhnlp.training.resumable import newest_complete

NAMES = {"masked-lm": "zhnlp-mlm-small", "causal-lm": "zhnlp-gpt-small"}
DATA = (
    "99 million characters of openly licensed Chinese (CC0, CC BY, CC BY-SA, MIT, Apache-2.0, public domain, statutes): "
    "statutes, IT articles, modern prose translations of classics, the four novels, encyclopedia paragraphs, science "
    "abstracts; and, weighed as much as all of these, talks, everyday and counselling dialogue, stories, manuals, essays, "
    "government reports, textbooks, recipes, reviews. One document in a hundred was kept out."
)
LIMITS = (
    "Small, and trained on simplified, mostly formal text: it knows few facts, hardly any news or social media, little "
    "Latin script and no traditional characters to speak of. What it writes is not to be trusted."
)


def train(options: argparse.Namespace, objective: str) -> None:
    """Train to ``--steps``, or with ``--anneal`` make the finished model from the newest checkpoint."""
    if options.threads:
        torch.set_num_threads(options.threads)
    plan = plan_of(options, objective)
    data = prepared(options)
    files = list(data.train.values())
    tokenizer = build_tokenizer(data.vocab, form=objective, max_length=plan.max_positions)
    shares = [1.0] * len(files)  # the general half weighs as much as the rest
    common = {"weights": shares, "held_out": data.held, "torch_compile": options.compile}
    if not options.anneal:
        last = pretrain(plan, tokenizer, files, options.out, steps=options.steps, **common)
        if is_main_process():
            print(last)
        return
    newest = newest_complete(options.out)
    if newest is None:
        sys.exit(f"{options.out} has no checkpoint to anneal: run without --anneal first")
    final = options.out / "final"
    plan = plan.with_length(options.anneal_length or plan.length)
    last = anneal(plan, tokenizer, files, newest, final, steps=options.anneal, **common)
    if not is_main_process():
        return
    folder = finish(
        last,
        final / NAMES[objective],
        plan=plan,
        data=", ".join(map(str, options.texts)) if options.texts else DATA,
        licence="unknown: that of your texts" if options.texts else "Apache-2.0",
        scores=lambda folder: held_out_scores(folder, plan, options),
        limits=LIMITS,
    )
    points = curve(last, plan.tokens_a_step)
    (final / "curve.jsonl").write_text(
        "".join(json.dumps(point) + "\n" for point in points), encoding="utf-8"
    )
    print(json.dumps({"folder": str(folder), **read_card(folder).fields["scores"]}))


def held_out_scores(folder: Path, plan: Plan, options: argparse.Namespace) -> dict[str, float]:
    """Accuracy on masked tokens, or bits a character, of 900,000 held-out characters (all of the public sets) and as many of news.

    Args:
        folder: with the weights that ship.
    """
    model = load_model(
        folder, plan.objective, dtype=torch.float32, check=False
    )  # of any text, so any vocabulary
    tokenizer = load(folder, check=False)
    sets = {
        "held_out": chain.from_iterable(
            documents(corpus, kept_out=True) for corpus in sources(options).values()
        )
    }
    if not options.texts:
        sets["news"] = news()
    figures = {}
    for name, texts in sets.items():
        chosen = sample(texts, 900_000, options.seed)
        if not chosen:
            print(f"{name}: there is no text to score", file=sys.stderr)
        elif plan.objective == "masked-lm":
            found = score_masked(model, tokenizer, chosen, length=plan.length, seed=options.seed)
            figures[f"accuracy_{name}"] = round(found.summary(tokenizer)["accuracy"], 4)
        else:
            found = score_causal(model, tokenizer, chosen, context=plan.length)
            figures[f"bits_per_character_{name}"] = round(found.summary()["bits_per_character"], 4)
    return figures
