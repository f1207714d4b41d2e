"""Pre-train a small Chinese masked language model from raw text: the recipe of ``zhnlp-mlm-small``.

    python pipelines/pretrain_mlm.py --out workdir/mlm --steps 20000          # constant rate; run again to continue
    python pipelines/pretrain_mlm.py --out workdir/mlm --anneal 3000          # the finished model, in workdir/mlm/final
    python pipelines/pretrain_mlm.py news.txt --out workdir/mine --steps 2000 --data workdir/mine.tokens

A RoFormer (post-norm, rotary positions) over characters. What mattered, measured on held-out text: rotary positions,
embeddings that start from the SVD of the characters' positive PMI, 30 % instead of 15 % masks in training, no dropout,
the vocabulary scored at masked positions only, bf16 autocast with plain attention. A quarter of the rows mask whole
words, found by jieba's dictionary or by ``--lexicon``, words mined from your own text.

On several cores or GPUs: torchrun --nproc-per-node 2 pipelines/pretrain_mlm.py … --threads 1

Source: https://kexue.fm/archives/8265 (RoFormer), https://kexue.fm/archives/7764 (what masked models are good for)
"""

from pretraining_data import parser_of
from pretraining_jobs import train

if __name__ == "__main__":
    train(parser_of(__doc__, steps=20_000, learning_rate=1.2e-3).parse_args(), "masked-lm")
