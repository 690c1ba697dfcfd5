"""The collector: from a request to a durable record of a touchpoint.

The way through the rooms: `app` (which path goes where) → `collector` (one write, start to reply) → `keys`
(who is asking) → `bodies` (bytes) → `native`, `segment` (a wire body becomes drafts) → `pipeline` (the steps a
draft goes through) → the event log → `receipts` (what is answered).
"""
