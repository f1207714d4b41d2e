"""Unigram segmentation, part by part: units, word trie, Viterbi, lattice, de-redundancy, reading lexicons."""
