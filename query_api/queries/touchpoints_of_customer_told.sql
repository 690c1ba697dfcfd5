-- Answers: what there is to say of one customer's touchpoints before they are shown.
-- Reads part `spanned`.
-- Gives: bots (how many are bots'), owners (the identifiers of the others).
-- Binds: from Int64, to Int64, after_ms Int64, after_seq Int64, after_event String (hex; the row before the first).
SELECT uniqExactIf(event_id, bot), groupUniqArrayIf(owner, NOT bot)
FROM spanned
WHERE ms >= {from:Int64} AND ms < {to:Int64}
    AND (ms, seq, hex(event_id)) > ({after_ms:Int64}, {after_seq:Int64}, {after_event:String})
