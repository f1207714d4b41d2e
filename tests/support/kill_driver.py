"""A training in a process of its own: python kill_driver.py OUT [checkpoint|step STEP, at which it kills itself].

It has what a resumed training could lose: dropout, random masks, Adam inside Lookahead, an average of the weights.
"""

import os
import signal
import sys

import torch
from small_models import make_model
from trainings import make_trainer, rows

from zhnlp.training import Trainer
from zhnlp.training.callbacks import EMACallback
from zhnlp.training.optimizers import Lookahead


class Dying(Trainer):
    """Dies by SIGKILL when the weights of one checkpoint are written and the optimizer is not, or in the midst of a step."""

    checkpoint = step = -1

    def _save_optimizer_and_scheduler(self, output_dir):
        if self.state.global_step == self.checkpoint:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._save_optimizer_and_scheduler(output_dir)

    def training_step(self, *args, **options):
        loss = super().training_step(*args, **options)
        if self.state.global_step + 1 == self.step:
            os.kill(os.getpid(), signal.SIGKILL)
        return loss


def train(out, dies=None, **options):
    """Train to step 24, from the newest whole checkpoint on."""
    model = make_model("bert")
    optimizer = Lookahead(torch.optim.AdamW(model.parameters(), lr=1e-3), k=3)
    trainer = make_trainer(
        out,
        model=model,
        trainer=Dying,
        data=rows(100),
        optimizers=(optimizer, None),
        callbacks=[EMACallback(decay=0.9)],
        max_steps=24,
        save_strategy="steps",
        save_steps=4,
        logging_steps=1,
        eval_strategy="steps",
        eval_steps=5,
        **options,
    )
    for where, step in (dies or {}).items():
        setattr(trainer, where, step)
    trainer.train(resume_from_checkpoint="auto")
    return trainer


if __name__ == "__main__":
    train(sys.argv[1], {sys.argv[2]: int(sys.argv[3])} if len(sys.argv) > 2 else None)
