"""Everything that changes how a model learns: the trainer, optimizers, callbacks and regularizers."""
