"""The header of a safetensors file, read and checked against the file's length without torch.

Source: the format, https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

_MAX_HEADER = 100_000_000  # bytes, as the safetensors library has it


class Header(NamedTuple):
    """What a safetensors file says of itself: free metadata, and dtype, shape and offsets of each tensor."""

    metadata: dict[str, str]
    tensors: dict[str, dict[str, Any]]


def read_header(path: str | Path) -> Header:
    """Read the header of a safetensors file and check that the file holds all the bytes that it promises.

    Raises:
        ValueError: the file is truncated, longer than it says, or no safetensors file.
        FileNotFoundError: no such file.

    Example:
        >>> import tempfile, numpy
        >>> from safetensors.numpy import save_file
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_file({"w": numpy.zeros((2, 3), "float16")}, f"{folder}/w.safetensors", {"format": "pt"})
        ...     read_header(f"{folder}/w.safetensors").tensors["w"]["shape"]
        [2, 3]
    """
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > _MAX_HEADER:
            raise ValueError(
                f"{path} is no safetensors file: expected a header of at most {_MAX_HEADER:,} bytes, got {size:,} bytes "
                f"that announce one of {length:,}. Likely a pointer of git-lfs or an error page. Next: download it again"
            )
        text = file.read(length)
    if len(text) < length:
        raise _truncated(path, size, 8 + length)
    try:
        tensors = json.loads(text)
        metadata = tensors.pop("__metadata__", {})
        end = max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
    except (ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
        raise ValueError(
            f"{path} is no safetensors file: its header cannot be read ({error}). Next: download it again"
        ) from None
    if size < 8 + length + end:
        raise _truncated(path, size, 8 + length + end)
    if size > 8 + length + end:
        raise ValueError(
            f"{path} has {size:,} bytes: expected {8 + length + end:,}. Something was appended. Next: download it again"
        )
    return Header(metadata, tensors)


def _truncated(path: Path, size: int, promised: int) -> ValueError:
    return ValueError(
        f"{path} is truncated: {size:,} bytes, expected {promised:,}. A download or copy was likely cut off. "
        f"Next: rm {path} and fetch it again"
    )
