-- Figures that every answer states, kept by the engine beside each part: counted from the parts, so never out of step
-- with the rows. When a merge removes copies, they are made again from what is left.

ALTER TABLE touchpoints
    MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild';

ALTER TABLE touchpoints ADD PROJECTION IF NOT EXISTS by_day
(
    SELECT workspace, bot, toDate32(at), count(), max(stamp)
    GROUP BY workspace, bot, toDate32(at)
);

ALTER TABLE touchpoints MATERIALIZE PROJECTION by_day;

ALTER TABLE receipts
    MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild';

ALTER TABLE receipts ADD PROJECTION IF NOT EXISTS positions_by_outcome
(
    SELECT workspace, outcome, partition, groupBitmapState(position)
    GROUP BY workspace, outcome, partition
);

ALTER TABLE receipts MATERIALIZE PROJECTION positions_by_outcome;
