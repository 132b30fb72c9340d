-- Version 1 to 2, first half: the tables of version 1 step aside. The second half is
-- from_1_over.sql; between the two, schema.sql makes the new tables.
DROP TRIGGER skills_fts_insert;
DROP TRIGGER skills_fts_delete;
DROP TRIGGER skills_fts_update;
DROP TABLE skills_fts;
DROP INDEX skills_name;
DROP INDEX skills_digest;
DROP INDEX capabilities_operation;
ALTER TABLE skills RENAME TO skills_1;
ALTER TABLE files RENAME TO files_1;
ALTER TABLE capabilities RENAME TO capabilities_1;
ALTER TABLE diagnostics RENAME TO diagnostics_1;
