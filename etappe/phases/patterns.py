"""Patterns: the `*` of names and paths, and RE2, which the warehouse matches with."""

from __future__ import annotations

MAX_PATTERN = 500

_LIKE = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%"})


def like_pattern(glob: str) -> str:
    """`/product*` as a LIKE pattern: `*` is any characters, none included; everything else is itself."""
    return glob.translate(_LIKE)


def pattern_fault(pattern: object) -> str:
    """What is wrong with an RE2 pattern, in words; empty if nothing is. Source: google/re2, Syntax."""
    if not isinstance(pattern, str) or not 0 < len(pattern) <= MAX_PATTERN:
        return f"an RE2 pattern of 1 to {MAX_PATTERN} characters"
    # Imported only for the models that need it: Arrow carries the very RE2 library that ClickHouse uses.
    import pyarrow  # noqa: PLC0415
    import pyarrow.compute  # noqa: PLC0415

    try:
        pyarrow.compute.match_substring_regex(pyarrow.array([""]), pattern=pattern)
    except pyarrow.ArrowInvalid as error:
        return f"an RE2 pattern (no lookaround, no backreferences): {str(error).partition(': ')[2]}"
    return ""
