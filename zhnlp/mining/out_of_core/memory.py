"""Amounts of memory as people write them: "2GB" in, bytes out, and back."""

from __future__ import annotations

import ctypes
import re
import sys

UNITS = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_memory(memory: str | int) -> int:
    """Bytes of an amount of memory such as "2GB", "600 MB", "1.5GiB" or "800M".

    Args:
        memory: a number with a unit (B, KB, MB, GB, TB in steps of 1,000; KiB … TiB in steps of 1,024; upper or
            lower case, the B of a unit may be left out), or bytes as an int; more than 0.

    Raises:
        ValueError: the amount cannot be read, has no unit, or is 0.
        TypeError: neither a str nor an int.

    Example:
        >>> parse_memory("2GB"), parse_memory("1.5GiB"), parse_memory("800m"), parse_memory(4096)
        (2000000000, 1610612736, 800000000, 4096)
    """
    if isinstance(memory, bool) or not isinstance(memory, (str, int)):
        raise TypeError(f'memory got {type(memory).__name__}, expected a str like "2GB" or bytes as an int')
    if isinstance(memory, int):
        amount = memory
    else:
        match = _AMOUNT.fullmatch(memory)
        if match is None:
            raise ValueError(f'memory got {memory!r}, expected a number with a unit, like "2GB" or "600MB"')
        number, unit = match.groups()
        if not unit:
            raise ValueError(f'memory got {memory!r} without a unit: write "{number}GB" or "{number}MB"')
        unit = unit.upper() if unit.upper().endswith("B") else unit.upper() + "B"
        if unit not in UNITS:
            raise ValueError(f"memory got {memory!r}, expected one of the units {', '.join(UNITS)}")
        amount = int(float(number) * UNITS[unit])
    if amount < 1:
        raise ValueError(f'memory got {memory!r}, expected more than 0 bytes: give for example "2GB"')
    return amount


def readable(amount: float) -> str:
    """An amount of bytes with a unit, in steps of 1,000.

    Example:
        >>> readable(2_340_000_000), readable(812)
        ('2.3 GB', '812 B')
    """
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if amount < 999.5 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.1f} {unit}" if amount < 9.95 and unit != "B" else f"{amount:.0f} {unit}"


def give_back() -> None:
    """Return freed memory to the system, where the C library keeps it for later (glibc, above all with threads)."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
