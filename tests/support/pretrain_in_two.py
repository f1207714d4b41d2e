"""What each of two processes pre-trains, from texts to a finished anneal: torchrun --nproc-per-node 2 pretrain_in_two.py OUT."""

import sys
from pathlib import Path

from leaving import leave_together

from zhnlp.text import Corpus
from zhnlp.training.language_model import train_language_model
from zhnlp.training.pretraining.plan import Plan

SMALL = {"layers": 1, "width": 16, "heads": 2, "length": 16, "warmup": 2, "learning_rate": 1e-2}
TEXTS = [f"第{n}首，春眠不觉晓，处处闻啼鸟，夜来风雨声，花落知多少" for n in range(200)]


def train(out, rows_each):
    return train_language_model(
        Corpus.from_texts(TEXTS),
        Path(out),
        Plan("masked-lm", rows=rows_each, **SMALL),
        steps=3,
        anneal=2,
        min_count=1,
        held_out_share=0.1,
        word_starts=lambda text: range(0, len(text), 2),
        use_cpu=True,
        disable_tqdm=True,
        save_strategy="no",  # so that the end of `pretrain` has to
        logging_steps=1,
    )


if __name__ == "__main__":
    train(sys.argv[1], 2)
    result = train(sys.argv[1], 2)  # nothing is left to do
    if result["tokens"] != 5 * 2 * 2 * 16:
        sys.exit(f"two processes read {result['tokens']} tokens: expected those of both")
    leave_together()
