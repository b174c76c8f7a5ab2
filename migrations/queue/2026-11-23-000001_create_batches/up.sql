-- The batches of solid_queue 1.7, as Rails makes them.
CREATE INDEX IF NOT EXISTS "index_solid_queue_jobs_on_batch_id" ON "solid_queue_jobs" ("batch_id");
CREATE TABLE IF NOT EXISTS "solid_queue_batches" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "active_job_batch_id" varchar, "description" varchar, "on_finish" text, "on_success" text, "on_failure" text, "metadata" text, "total_jobs" integer DEFAULT 0 NOT NULL, "completed_jobs" integer DEFAULT 0 NOT NULL, "failed_jobs" integer DEFAULT 0 NOT NULL, "enqueued_at" datetime(6), "finished_at" datetime(6), "failed_at" datetime(6), "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS "index_solid_queue_batches_on_active_job_batch_id" ON "solid_queue_batches" ("active_job_batch_id");
CREATE INDEX IF NOT EXISTS "index_solid_queue_batches_on_finished_at" ON "solid_queue_batches" ("finished_at");
CREATE TABLE IF NOT EXISTS "solid_queue_batch_executions" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "job_id" bigint NOT NULL, "batch_id" bigint NOT NULL, "created_at" datetime(6) NOT NULL, CONSTRAINT "fk_rails_7c5e073422"
FOREIGN KEY ("batch_id")
  REFERENCES "solid_queue_batches" ("id")
 ON DELETE CASCADE, CONSTRAINT "fk_rails_bc9f981155"
FOREIGN KEY ("job_id")
  REFERENCES "solid_queue_jobs" ("id")
 ON DELETE CASCADE);
CREATE UNIQUE INDEX IF NOT EXISTS "index_solid_queue_batch_executions_on_job_id" ON "solid_queue_batch_executions" ("job_id");
CREATE INDEX IF NOT EXISTS "index_solid_queue_batch_executions_on_batch_id" ON "solid_queue_batch_executions" ("batch_id");
