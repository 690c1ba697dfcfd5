-- Accounts in time: to which account a customer belonged when, and what of each journey counts for which.

ALTER TABLE journeys
    ADD COLUMN IF NOT EXISTS account_names Array(String) COMMENT 'the account from account_since[i] on; the first holds for the time before, too',
    ADD COLUMN IF NOT EXISTS account_since Array(Int64) COMMENT 'ms, ascending',
    ADD COLUMN IF NOT EXISTS account_journeys Array(Tuple(
        account String,
        started Int64,
        ended Int64,
        furthest UInt8,
        ordered_depth UInt8,
        strict_depth UInt8,
        milestones Array(Int64),
        first Array(String),
        last Array(String)
    )) COMMENT 'of a customer with several accounts: what of a journey counts for one, by account and time; first and last: channel, campaign, source, contact, device, country';

ALTER TABLE builds
    ADD COLUMN IF NOT EXISTS fold UInt16 DEFAULT 1 COMMENT 'which fold made its rows: a build of an earlier one is made again';
