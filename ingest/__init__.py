"""The collector: from a request to a durable record of a touchpoint.

The way through the rooms: `app` (which path goes where) → `writes` (one write, from first byte to reply)
→ `keys` (who sends) → `bodies` (bytes) → `native`, `segment` (a wire body becomes drafts) →
`pipeline` (the steps that a draft goes through) → `collector` (the event log) → `receipts` (what is
answered).
"""
