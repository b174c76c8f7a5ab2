CREATE TABLE IF NOT EXISTS "todos" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "title" varchar NOT NULL, "completed" boolean DEFAULT FALSE NOT NULL, "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL);
CREATE INDEX IF NOT EXISTS "index_todos_on_created_at" ON "todos" ("created_at");
CREATE TABLE IF NOT EXISTS "schema_migrations" ("version" varchar NOT NULL PRIMARY KEY);
CREATE TABLE IF NOT EXISTS "ar_internal_metadata" ("key" varchar NOT NULL PRIMARY KEY, "value" varchar, "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL);

-- The state of the whole list: `rev` rises in the transaction of every write, whoever makes it, and `epoch` names this
-- database, so that clients can tell which of two lists is the newer one.
CREATE TABLE "todos_snapshot" ("id" integer PRIMARY KEY NOT NULL CHECK ("id" = 1), "rev" bigint DEFAULT 0 NOT NULL, "epoch" varchar NOT NULL);
INSERT INTO "todos_snapshot" ("id", "epoch") VALUES (1, LOWER(HEX(RANDOMBLOB(8))));
CREATE TRIGGER "todos_inserted" AFTER INSERT ON "todos" BEGIN UPDATE "todos_snapshot" SET "rev" = "rev" + 1; END;
CREATE TRIGGER "todos_updated" AFTER UPDATE ON "todos" BEGIN UPDATE "todos_snapshot" SET "rev" = "rev" + 1; END;
CREATE TRIGGER "todos_deleted" AFTER DELETE ON "todos" BEGIN UPDATE "todos_snapshot" SET "rev" = "rev" + 1; END;
