-- Answers: one customer's touchpoints in order, bots' included.
-- Reads part `spanned`.
-- `/*phases*/` stands for the phase models' expressions, one position each.
-- Gives: ms, seq, event_key (hex), id, event, channel, contact, offline, page (url, path, title, referrer),
-- campaign (source, medium, name, term, content), value, currency, sentiment, owner (its identifier), properties, bot, positions.
-- Binds: from Int64, to Int64, limit UInt32, after_ms Int64, after_seq Int64, after_event String (hex; the row before the
-- first); the parameters of the expressions.
SELECT
    ms, seq, hex(event_id) AS event_key, id, event, channel, contact, offline,
    (page_url, page_path, page_title, page_referrer) AS page,
    (campaign_source, campaign_medium, campaign_name, campaign_term, campaign_content) AS campaign,
    value, currency, sentiment, owner, properties, bot,
    [/*phases*/]::Array(UInt8) AS positions
FROM spanned
WHERE ms >= {from:Int64} AND ms < {to:Int64}
    AND (ms, seq, event_key) > ({after_ms:Int64}, {after_seq:Int64}, {after_event:String})
ORDER BY ms, seq, event_key
LIMIT 1 BY event_key
LIMIT {limit:UInt32}
