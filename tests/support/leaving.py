"""The end of a process among several: torch's own ending aborts now and then while gloo's threads still run."""

import os
import sys

import torch.distributed as dist


def leave_together():
    """Wait for the others, close the group, and end with code 0 without tearing threads down."""
    dist.barrier()
    dist.destroy_process_group()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
