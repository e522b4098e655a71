"""How the doctor writes numbers and names."""

from __future__ import annotations


def percent(share: float) -> str:
    """0.123 -> '12.3 %'."""
    return f"{100 * share:.1f} %"


def some(keys: tuple[str, ...]) -> str:
    """The first names of many."""
    return ", ".join(keys[:4]) + (f" and {len(keys) - 4} more" if len(keys) > 4 else "")
