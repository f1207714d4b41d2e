"""Two gloo processes accumulate micro-batches of unequal size; process 0 writes the weights to the file given.

python tests/support/accumulate_in_two.py weights.pt
"""

import os
import sys
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent))
from leaving import leave_together
from problems import digits, mlp, weights

from zhnlp.training.accumulation import GradAccumulator

SIZES = ([10, 4, 14], [6, 20, 6])  # of each process; groups of two make 40, and the rest 20


def work(rank, file, meeting):
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    torch.set_num_threads(1)
    x, y, *_ = digits(train=60, dtype=torch.float64)
    model = mlp(64, 8, 10, dtype=torch.float64)
    wrapped = torch.nn.parallel.DistributedDataParallel(model)
    reductions = []

    def counted(state, bucket):
        reductions.append(bucket.index())
        return (
            dist.all_reduce(bucket.buffer().div_(2), async_op=True)
            .get_future()
            .then(lambda done: done.value()[0])
        )

    wrapped.register_comm_hook(None, counted)
    accumulator = GradAccumulator(
        torch.optim.SGD(model.parameters(), lr=0.1), 2, weight="tokens", model=wrapped
    )
    begin = 0
    for mine, other in zip(SIZES[rank], SIZES[1 - rank]):
        offset = begin + (other if rank else 0)
        rows = slice(offset, offset + mine)
        with accumulator.micro(n_items=mine) as micro:
            micro.backward(F.cross_entropy(wrapped(x[rows]), y[rows]))
        accumulator.step()
        begin += mine + other
    accumulator.flush()
    if rank == 0:
        torch.save({"weights": weights(model), "all_reduces": len(reductions)}, file)
    leave_together()


if __name__ == "__main__":
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(work, (sys.argv[1], f"{folder}/meeting"), nprocs=2)
