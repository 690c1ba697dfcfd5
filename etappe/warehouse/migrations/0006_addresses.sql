-- The network of the visitor's address, for workspaces that keep it.

ALTER TABLE touchpoints ADD COLUMN IF NOT EXISTS ip LowCardinality(String) COMMENT 'first 24 bits (IPv6: 48); empty: not kept';
