"""Word discovery: encode → count → judge → rank, in files of those names; `discoverer.py` runs them in turn.

    encode.py, alphabet.py      text → 16-bit symbols
    kernel.py, count.py         symbols → trie of n-grams (trie.py), exact counts and entropies
    links.py                    suffix links, PMI
    methods/                    trie → candidates (join.py, viterbi.py cut the corpus)
    score.py, rank.py           candidates → ranked table (table.py)
    out_of_core/                the same counts when memory is short
    engines/, spark/            where a corpus is read and counted: here, or on a cluster
    segmenter.py, export.py     a mined lexicon at work

Nothing here imports torch or transformers.
"""
