"""What may be written: repeated n-grams, repetition, words, lengths, forced phrases, verse.  One idea a file; `chain.py` joins them."""
