-- The tables of solid_cable as Rails makes them, statement by statement: a file that Rails made stays as it is, and Rails
-- takes a file that we made for its own (schema version 1).
CREATE TABLE IF NOT EXISTS "solid_cable_messages" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "channel" blob(1024) NOT NULL, "payload" blob(536870912) NOT NULL, "created_at" datetime(6) NOT NULL, "channel_hash" integer(8) NOT NULL);
CREATE INDEX IF NOT EXISTS "index_solid_cable_messages_on_channel" ON "solid_cable_messages" ("channel");
CREATE INDEX IF NOT EXISTS "index_solid_cable_messages_on_channel_hash" ON "solid_cable_messages" ("channel_hash");
CREATE INDEX IF NOT EXISTS "index_solid_cable_messages_on_created_at" ON "solid_cable_messages" ("created_at");
CREATE TABLE IF NOT EXISTS "schema_migrations" ("version" varchar NOT NULL PRIMARY KEY);
CREATE TABLE IF NOT EXISTS "ar_internal_metadata" ("key" varchar NOT NULL PRIMARY KEY, "value" varchar, "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL);
INSERT OR IGNORE INTO "schema_migrations" ("version") VALUES ('1');
INSERT OR IGNORE INTO "ar_internal_metadata" ("key", "value", "created_at", "updated_at")
  VALUES ('environment', 'production', STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW'), STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW'));
