ALTER TABLE notes RENAME TO remarks;
CREATE TABLE trifecta_breaking_migrations (version text PRIMARY KEY NOT NULL);
INSERT INTO trifecta_breaking_migrations (version) VALUES ('20270201000000');
