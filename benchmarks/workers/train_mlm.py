"""Train a masked language model for some steps and write when each ended: worker of training_throughput.py.

    python train_mlm.py FOLDER OUTPUT.json '{"system": "zhnlp", "threads": 1, "processes": 1, "rows": 32, "steps": 30}'

FOLDER holds a tokenizer and ``tokens``, a token file. With several processes it starts itself again under torchrun, gloo
between them; ``rows`` are those of all processes together. Both systems get the same network with the same weights and
the same rows of the same length, and mask the same share of them.

zhnlp: the recipe of `pipelines/pretrain_mlm.py`: our forward pass, the vocabulary scored at masked positions alone,
bf16 autocast, masks by `MaskTokens`.
transformers: ``transformers.Trainer`` with the defaults of ``TrainingArguments``: stock RoFormer, float32, the
vocabulary scored everywhere, ``DataCollatorForLanguageModeling``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from peers.measure import cpu_seconds, peak_bytes


def main() -> None:
    folder, output, options = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    if options["processes"] > 1 and "RANK" not in os.environ:
        launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={options['processes']}"]
        sys.exit(subprocess.run([sys.executable, *launch, __file__, *sys.argv[1:]], check=False).returncode)

    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # read when torch is imported
        os.environ[name] = str(options["threads"])
    import torch
    import transformers

    torch.set_num_threads(options["threads"])
    transformers.logging.set_verbosity_error()

    class Clock(transformers.TrainerCallback):
        """Wall and CPU seconds at the end of each step."""

        ends: list = []  # noqa: RUF012

        def on_step_end(self, args, state, control, **others):
            self.ends.append((time.perf_counter(), cpu_seconds()))

    with tempfile.TemporaryDirectory() as scratch:
        trainer = make_trainer(folder, scratch, options)
        clock = Clock()
        trainer.add_callback(clock)
        for callback in (transformers.ProgressCallback, transformers.PrinterCallback):
            trainer.remove_callback(callback)
        result = trainer.train()
    if int(os.environ.get("RANK", 0)) == 0:
        record = {
            "ends": clock.ends,
            "loss": result.training_loss,
            "parameters": sum(weight.numel() for weight in trainer.model.parameters()),
            "rss_peak": peak_bytes(),
        }
        output.write_text(json.dumps(record), encoding="utf-8")


def make_trainer(folder: Path, scratch: str, options: dict):
    """The trainer of the system that ``options`` name."""
    import transformers

    from zhnlp.training.pretraining.blocks import PackedBlocks
    from zhnlp.training.pretraining.masking import MaskTokens
    from zhnlp.training.pretraining.plan import Plan
    from zhnlp.training.pretraining.tokens import TokenFile
    from zhnlp.training.trainer import Trainer

    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    plan = Plan("masked-lm", length=options["length"])
    common = {
        "output_dir": scratch,
        "max_steps": options["steps"],
        "per_device_train_batch_size": options["rows"] // options["processes"],
        "use_cpu": True,
        "save_strategy": "no",
        "report_to": "none",
        "seed": plan.seed,
    }
    if options["processes"] > 1:
        common["ddp_backend"] = "gloo"
    transformers.set_seed(plan.seed)
    ours = plan.make_model(tokenizer)
    rows = PackedBlocks(
        [TokenFile(folder / "tokens")],
        length=plan.length,
        size=options["rows"] * options["steps"],
        frame=(tokenizer.cls_token_id, tokenizer.sep_token_id),
        seed=plan.seed,
    )
    if options["system"] == "zhnlp":
        return Trainer(
            model=ours,
            args=transformers.TrainingArguments(
                **common,
                learning_rate=plan.learning_rate,
                weight_decay=plan.weight_decay,
                optim="adamw_torch_fused",
                bf16=True,
                train_sampling_strategy="sequential",
                remove_unused_columns=False,
            ),
            train_dataset=rows,
            data_collator=MaskTokens(
                tokenizer, rate=plan.mask_rate, whole_words=plan.whole_words, seed=plan.seed
            ),
            processing_class=tokenizer,
        )
    stock = transformers.RoFormerForMaskedLM(ours.config)
    stock.load_state_dict(ours.state_dict())
    plain = [{"input_ids": rows[number]["ids"].tolist()} for number in range(len(rows))]
    collate = transformers.DataCollatorForLanguageModeling(tokenizer, mlm_probability=plan.mask_rate)
    return transformers.Trainer(
        model=stock,
        args=transformers.TrainingArguments(**common),
        train_dataset=plain,
        data_collator=collate,
        processing_class=tokenizer,
    )


if __name__ == "__main__":
    main()
