"""Pre-training of masked and causal language models from raw text: tokens on disk, masks, starts, recipes."""
