"""gensim Phrases as a word finder: characters as tokens, applied three times, its own defaults.

    ~/.cache/zhnlp-peers/gensim/bin/python benchmarks/peers/run_gensim.py INPUT.txt OUTPUT.json [PASSES]

Phrases joins pairs of tokens, so it needs tokenised input and finds two tokens a pass. To let it work on raw
text, each run of word characters is a sentence and each character a token; the model is learnt, applied, and
learnt again on what it joined: 2, 4, 8 characters after 1, 2, 3 passes (default 3). The joining "_" is taken
out between passes, because ``export_phrases`` splits at it and would score the first character against the
last. ``Phrases(sentences)`` keeps its defaults: min_count 5, threshold 10.0, scoring "default".
Seen: the exported dict is in no order (here: score, descending; scores of different passes are not on one
scale because the vocabulary differs), and plain strings are accepted as sentences and read by character.
"""

import re
import sys

from measure import Run

passes = int(sys.argv[3]) if len(sys.argv) > 3 else 3
run = Run(
    "gensim",
    call=f"Phrases(characters).export_phrases(), {passes} passes",
    scores="(count - min_count) / (count_a * count_b) * size of the vocabulary, of the pass that found the word",
    order="this runner: score, descending (the tool gives an unsorted dict)",
)
with run.imports():
    from gensim.models.phrases import Phrases

scores, first_pass = {}, {}
with run.work():
    sentences = [list(part) for line in run.documents() for part in re.findall(r"\w+", line)]
    for number in range(1, passes + 1):
        model = Phrases(sentences)
        for phrase, score in model.export_phrases().items():
            parts = [part for part in phrase.split("_") if part]
            if len(parts) > 1:
                scores.setdefault("".join(parts), score)
                first_pass.setdefault("".join(parts), number)
        sentences = [
            [token.replace("_", "") or "_" for token in joined] for joined in model.freeze()[sentences]
        ]
    ranked = sorted(scores.items(), key=lambda item: -item[1])

run.write([{"word": word, "score": score, "pass": first_pass[word]} for word, score in ranked])
