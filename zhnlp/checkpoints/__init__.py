"""The small trained models that ship, each a folder with its card; finding them needs no torch."""

from __future__ import annotations

from zhnlp.checkpoints.card import Card, read_card, write_card
from zhnlp.checkpoints.catalogue import ShippedModel, find, shipped

__all__ = ["Card", "ShippedModel", "find", "read_card", "shipped", "write_card"]
