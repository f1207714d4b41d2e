"""SmoothNLP's new-word discovery with its own defaults.

    ~/.cache/zhnlp-peers/smoothnlp/bin/python benchmarks/peers/run_smoothnlp.py INPUT.txt OUTPUT.json [TOP_K]

``extract_phrase(documents, top_k=200, min_n=2, max_n=4, min_freq=5)`` over a list of documents. It returns bare
words and at most 200 of them; TOP_K asks for more (the work is the same: everything is scored first).
The scores are read at the moment the tool computes them, by keeping the result of its own ``get_scores``.
Seen: words that begin or end with a frequent character are deleted (no 中国, no 人工智能 on news), a generator of strings
is read character by character, ``top_k=1`` gives None. Calls in README.md.
"""

import sys

from measure import Run

top_k = int(sys.argv[3]) if len(sys.argv) > 3 else 200
run = Run(
    "smoothnlp",
    call="extract_phrase(documents)" if top_k == 200 else f"extract_phrase(documents, top_k={top_k})",
    scores="mean PMI (bits) + log1.5 of the neighbour entropies, computed by the tool but not returned",
    order="the tool: that score, descending",
    patches=["phrase_extraction.get_scores wrapped to keep its result; nothing computed differently"],
)
with run.imports():
    from smoothnlp.algorithm.phrase import extract_phrase, phrase_extraction

kept = {}
get_scores = phrase_extraction.get_scores


def _keep(*arguments):
    kept.update(get_scores(*arguments))
    return kept


phrase_extraction.get_scores = _keep
with run.work():
    words = extract_phrase(run.documents(), top_k=top_k)

names = ("pmi", "mean_pmi", "left_entropy", "right_entropy", "branch_entropy", "score")
run.write([{"word": word, **dict(zip(names, kept[word]))} for word in words], candidates_scored=len(kept))
