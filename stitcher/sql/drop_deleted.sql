-- Writes the parts of a table again without the rows that were deleted from it: until then their bytes stay. Begun here
-- and done in the background; the old parts go after the table's old_parts_lifetime. The table's name is put into it.
ALTER TABLE /*table*/ APPLY DELETED MASK SETTINGS mutations_sync = 0
