"""Building, checking and pruning tokenizers; words, characters and pieces."""
