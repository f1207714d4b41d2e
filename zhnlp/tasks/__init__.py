"""What a user calls: one pipeline a file, found by name in `zhnlp.tasks.registry`."""
