ALTER TABLE remarks RENAME TO notes;
