"""The trainer of zhnlp: transformers.Trainer with the blog's techniques as parts."""

from __future__ import annotations

import transformers


class Trainer(transformers.Trainer):
    """transformers.Trainer; the parts are added here."""
