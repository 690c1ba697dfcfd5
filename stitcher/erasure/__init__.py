"""Erasing persons: what is theirs, what was decided, and carrying it out."""
