"""gensim skip-gram as in post 6540: 100 numbers, min_count 2, 10 negatives; window 5 and 5 epochs by default.

    ~/.cache/zhnlp-peers/gensim/bin/python benchmarks/peers/run_word2vec.py UNITS.txt OUTPUT.npz [WORKERS]

UNITS.txt holds a document a line, its units between blanks.  gensim leaves out what stands behind the first 10,000 units
of a sentence, so documents are given in pieces of 5,000.  One worker makes the result repeatable, more do not.
"""

import os
import sys
import time

import numpy as np

source, target = sys.argv[1:3]
workers = int(sys.argv[3]) if len(sys.argv) > 3 else len(os.sched_getaffinity(0))

from gensim.models import Word2Vec  # noqa: E402

begin = time.perf_counter()
sentences = []
with open(source, encoding="utf-8") as file:  # noqa: PTH123
    for line in file:
        units = line.split()
        sentences += [units[i : i + 5000] for i in range(0, len(units), 5000)]
read = time.perf_counter()
model = Word2Vec(sentences, vector_size=100, min_count=2, sg=1, negative=10, workers=workers, seed=0)
seconds = time.perf_counter() - read
facts = np.array([seconds, read - begin, workers])
words = np.frombuffer("\n".join(model.wv.index_to_key).encode(), np.uint8)
np.savez(target, facts=facts, words=words, rows=model.wv.vectors)
