"""Backups of a data folder: what a restored one needs to give the same answers, keys and salts included."""
