"""Losses, one a file: a pure function first, a module only where there are parameters.

Those of sentence similarity take cosines, which `cosine` makes of vectors in float32, and give a mean or sum in nats:

- against classes: ``cos`` (B, C) and ``target`` (B,), the number of the right class
- among the texts of a batch: ``cos`` (B, N) and ``groups`` (B,), whose equals mean the same
- pairs: ``cos`` (P,) and ``label`` (P,), the higher the more alike

Noise contrast (``nce``, ``info_nce``, …) takes scores of any size.  All count in float32 inside, or float64 where they are
given that, whatever the type of their input and under autocast.
"""
