"""Pre-train a small Chinese GPT from raw text: the recipe of ``zhnlp-gpt-small``.

    python pipelines/pretrain_gpt.py --out workdir/gpt --steps 20000          # constant rate; run again to continue
    python pipelines/pretrain_gpt.py --out workdir/gpt --anneal 3000          # the finished model, in workdir/gpt/final
    python pipelines/pretrain_gpt.py poems.txt --out workdir/poems --steps 2000 --data workdir/poems.tokens

A GPT-NeoX, that is GPT-2 with rotary positions, over the characters of `pretrain_mlm.py`: the same vocabulary, the same
rows without masks. The loss never stores the logits of a row, which triples the speed of the vocabulary on a CPU.

On several cores or GPUs: torchrun --nproc-per-node 2 pipelines/pretrain_gpt.py … --threads 1

Source: https://kexue.fm/archives/8265 (rotary positions)
"""

from pretraining_data import parser_of
from pretraining_jobs import train

if __name__ == "__main__":
    train(parser_of(__doc__, steps=20_000, learning_rate=1.2e-3).parse_args(), "causal-lm")
