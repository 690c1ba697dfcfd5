"""Benchmarks: each row is a figure of Etappe beside a reference that is measured in the same minute.

`python -m bench` prints them; docs/benchmarks.md says what each means. Only the ratios travel.
"""
