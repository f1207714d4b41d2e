"""The body of both pre-training recipes: tokens, training, anneal."""

from __future__ import annotations

import argparse
import shutil
import sys

import torch
from pretraining_data import plan_of, tokens, vocabulary

from zhnlp.tokenizers.chinese import build_tokenizer
from zhnlp.training.pretraining.run import newest_checkpoint, pretrain


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
        last = pretrain(plan, tokenizer, list(files.values()), options.out, steps=options.steps, **common)
    else:
        newest = newest_checkpoint(options.out)
        if newest is None:
            sys.exit(f"{options.out} has no checkpoint to anneal: run without --anneal first")
        done = int(newest.name.rpartition("-")[2])
        final = options.out / "final"
        if not (final / newest.name).exists():
            shutil.rmtree(final, ignore_errors=True)
            final.mkdir()
            shutil.copy(options.out / "plan.json", final)
            shutil.copytree(newest, final / newest.name)
        steps = done + options.anneal
        last = pretrain(plan, tokenizer, list(files.values()), final, steps=steps, anneal=True, **common)
    print(last)
