"""Imports: rows of files → touchpoints → the collector.

`rows` reads a file, `mapping` says which column is which field, `touchpoints` makes one touchpoint of one row
(or says what is wrong with it), `batches` groups them, `run` sends them and keeps `state` and `report`.
"""
