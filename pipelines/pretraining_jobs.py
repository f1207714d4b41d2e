"""The body of both pre-training recipes: tokens, training, anneal, the folder that ships."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from pretraining_data import documents, news, plan_of, sources, tokens, vocabulary

from zhnlp.tokenizers.chinese import build_tokenizer
from zhnlp.training.pretraining.anneal import anneal
from zhnlp.training.pretraining.evaluation import score_causal, score_masked
from zhnlp.training.pretraining.finish import curve, finish
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
    files, held = tokens(options)
    tokenizer = build_tokenizer(vocabulary(options), form=objective, max_length=plan.max_positions)
    shares = [1.0] * len(files)  # the general half weighs as much as the rest
    common = {"weights": shares, "held_out": held, "torch_compile": options.compile}
    if not options.anneal:
        print(pretrain(plan, tokenizer, list(files.values()), options.out, steps=options.steps, **common))
        return
    newest = newest_complete(options.out)
    if newest is None:
        sys.exit(f"{options.out} has no checkpoint to anneal: run without --anneal first")
    final = options.out / "final"
    last = anneal(plan, tokenizer, list(files.values()), newest, final, steps=options.anneal, **common)
    scores = held_out_scores(last, objective, options)
    folder = finish(
        last,
        final / NAMES[objective],
        plan=plan,
        data=", ".join(map(str, options.texts)) if options.texts else DATA,
        licence="unknown: that of your texts" if options.texts else "Apache-2.0",
        scores=scores,
        limits=LIMITS,
    )
    points = curve(last, plan.tokens_a_step)
    (final / "curve.jsonl").write_text(
        "".join(json.dumps(point) + "\n" for point in points), encoding="utf-8"
    )
    print(json.dumps({"folder": str(folder), **scores}))


@torch.inference_mode()
def held_out_scores(checkpoint: Path, objective: str, options: argparse.Namespace) -> dict[str, float]:
    """Accuracy on masked tokens, or bits a character, of 200,000 held-out characters and as many of news."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

    masked = objective == "masked-lm"
    model = (AutoModelForMaskedLM if masked else AutoModelForCausalLM).from_pretrained(checkpoint)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    score, figure = (score_masked, "accuracy") if masked else (score_causal, "bits_per_character")
    sets = {
        "held_out": [text for path in sources(options).values() for text in documents(path, kept_out=True)]
    }
    if not options.texts:
        sets["news"] = news()
    figures = {}
    for name, texts in sets.items():
        found = score(model, tokenizer, _sample(texts, 200_000, options.seed))
        figures[f"{figure}_{name}"] = round(
            (found.summary(tokenizer) if masked else found.summary())[figure], 4
        )
    return figures


def _sample(texts: list[str], characters: int, seed: int) -> list[str]:
    """Documents in a seeded order until they have so many characters, the last one cut."""
    import random

    texts = list(texts)
    random.Random(seed).shuffle(texts)
    chosen: list[str] = []
    for text in texts:
        if characters <= 0:
            break
        chosen.append(text[:characters])
        characters -= len(text)
    return chosen
