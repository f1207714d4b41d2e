"""The parts of `zhnlp.mining.segmenter`: units, word trie, Viterbi, k-best lattice, EM, de-redundancy, reading."""
