"""Domain terms: what a corpus has that other texts have not, and what one text is about."""
