"""The last steps of a pre-training, in which the rate falls to zero: a model is made, the training itself stays as it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zhnlp.text.files import write_whole
from zhnlp.training.pretraining.plan import Plan
from zhnlp.training.pretraining.processes import main_process_first
from zhnlp.training.pretraining.run import pretrain
from zhnlp.training.pretraining.tokens import TokenFile
from zhnlp.training.resumable import fault

_BEGUN = "from.json"  # in the folder: which checkpoint is annealed


def anneal(
    plan: Plan,
    tokenizer: Any,
    files: Sequence[TokenFile],
    checkpoint: str | Path,
    folder: str | Path,
    *,
    steps: int,
    **options: Any,
) -> Path:
    """Train ``steps`` more steps from a copy of ``checkpoint``, the rate falling linearly; returns the last checkpoint.

    Called again after a kill it continues; what ``folder`` holds of another checkpoint is deleted.

    Args:
        checkpoint: of `pretrain` with the same plan; it is left as it is.
        folder: of the annealed checkpoints.
        steps: in which the rate falls, at least 1.
        **options: of `pretrain`.

    Raises:
        ValueError: the checkpoint is broken, or ``steps`` is no positive number.
    """
    checkpoint, folder = Path(checkpoint), Path(folder)
    if (found := fault(checkpoint)) is not None:
        raise ValueError(
            f"{checkpoint} cannot be annealed: {found}. Next: train on, so that another is written"
        )
    if steps < 1:
        raise ValueError(f"steps is {steps}: expected at least one in which the rate falls")
    begun = folder / _BEGUN
    wanted = {"checkpoint": checkpoint.name, "steps": steps}
    with main_process_first(use_cpu=bool(options.get("use_cpu"))):
        if not begun.exists() or json.loads(begun.read_text(encoding="utf-8")) != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(checkpoint, folder / checkpoint.name)
            write_whole(begun, json.dumps(wanted))
    done = int(checkpoint.name.rpartition("-")[2])
    return pretrain(plan, tokenizer, files, folder, steps=done + steps, anneal=steps, **options)
