"""In which numbers a model runs fastest at no visible loss, on the processor at hand.

Measured with RoFormer and BERT 4/256 on a core with AMX, texts per CPU second (benchmarks/results/pipeline_encode-*): bf16
weights 2.4 to 2.5 times fp32 for texts of mixed length, 2.7 to 3.2 times for short sentences.
"""

from __future__ import annotations

import torch


def fast_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the processor multiplies it in hardware, float32 elsewhere.

    Example:
        >>> fast_dtype(torch.device("cpu")) in (torch.bfloat16, torch.float32)
        True
    """
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        native = _cpu_multiplies_bf16()
    else:
        native = False
    return torch.bfloat16 if native else torch.float32


def _cpu_multiplies_bf16() -> bool:
    names = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # of torch.cpu; no public name says it
    return any(getattr(torch.cpu, name)() for name in names if hasattr(torch.cpu, name))
