"""Losses, one a file: a pure function first, a module only where there are parameters."""
