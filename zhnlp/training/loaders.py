"""The loaders that the trainer's arguments describe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader, Sampler

from zhnlp.training.length_grouped import LengthGroupedBatches
from zhnlp.training.loading import SeededLoader, ShuffledBatches
from zhnlp.training.streams import StreamedBatches

if TYPE_CHECKING:
    from transformers import TrainingArguments


def indexed_loader(
    dataset: Any, collate: Callable[[list], Any], args: TrainingArguments, batches: Iterable[Sequence[int]]
) -> SeededLoader:
    """A loader of this process's share of an indexable dataset.

    Raises:
        ValueError: there is no sample, or no batch.
    """
    if len(dataset) and not len(batches):
        raise ValueError(
            f"{len(dataset):,} samples make no batch with dataloader_drop_last: expected at least one. "
            "Next: make batches smaller, or keep the last one"
        )
    return SeededLoader(
        dataset, batches, collate, workers=args.dataloader_num_workers, **_place(args), **_workers(args)
    )


def stream_loader(
    stream: Iterable[Any], collate: Callable[[list], Any], args: TrainingArguments, batch_size: int
) -> DataLoader:
    """An endless loader of this process's share of a stream."""
    batches = StreamedBatches(stream, batch_size, collate, **_place(args))
    return DataLoader(batches, batch_size=None, num_workers=args.dataloader_num_workers, **_workers(args))


def batches_of(dataset: Any, args: TrainingArguments, batch_size: int) -> Sampler:
    """Batches by ``train_sampling_strategy``: "random", "sequential" or "group_by_length"."""
    seed, drop_last = _place(args)["seed"], args.dataloader_drop_last
    if args.train_sampling_strategy == "group_by_length":
        lengths = _lengths(dataset, args.length_column_name)
        return LengthGroupedBatches(lengths, batch_size, seed=seed, drop_last=drop_last)
    shuffle = args.train_sampling_strategy != "sequential"
    return ShuffledBatches(len(dataset), batch_size, seed=seed, shuffle=shuffle, drop_last=drop_last)


def _lengths(dataset: Any, column: str) -> list[int]:
    """Lengths of the samples: a column of that name, or of what the model reads."""
    if column in (getattr(dataset, "column_names", None) or ()):
        return list(dataset[column])
    first = dataset[0] if len(dataset) else {"input_ids": ()}
    if not isinstance(first, dict) or "input_ids" not in first:
        got = ", ".join(first) if isinstance(first, dict) else type(first).__name__
        raise ValueError(
            f"the lengths of the samples are not known: expected a column {column!r} or samples with 'input_ids', "
            f"got {got}. Next: Trainer(batch_sampler=LengthGroupedBatches(lengths, batch_size))"
        )
    return [len(dataset[index]["input_ids"]) for index in range(len(dataset))]


def _place(args: TrainingArguments) -> dict[str, int]:
    seed = args.seed if args.data_seed is None else args.data_seed
    return {"seed": seed, "rank": args.process_index, "world": args.world_size}


def _workers(args: TrainingArguments) -> dict[str, Any]:
    options: dict[str, Any] = {"pin_memory": args.dataloader_pin_memory and torch.cuda.is_available()}
    if args.dataloader_num_workers:
        options |= {
            "persistent_workers": args.dataloader_persistent_workers,
            "multiprocessing_context": args.dataloader_multiprocessing_context,
            "prefetch_factor": args.dataloader_prefetch_factor,
        }
    return options
