-- Which changes were made already: a request that is sent again with its key changes nothing. Ours alone, Rails knows
-- nothing of it.
CREATE TABLE "idempotency_keys" ("key_hash" blob PRIMARY KEY NOT NULL, "fingerprint" blob NOT NULL, "created_at" datetime(6) NOT NULL) WITHOUT ROWID;
CREATE INDEX "index_idempotency_keys_on_created_at" ON "idempotency_keys" ("created_at");
