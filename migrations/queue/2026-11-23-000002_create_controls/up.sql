-- What Rails has no tables for. Its own tables stay as they are, and it never looks at these.

-- The limits that a job stands under. `kind`: concurrency (`period_us` is how long its semaphore lasts) or rate
-- (`period_us` is the time in which `limit` jobs may start). `held`: the job took its place and keeps it for as long as
-- it is ready or claimed. `reserved`: it was given its place in the order of starts.
CREATE TABLE "trifecta_job_limits" (
  "job_id" bigint NOT NULL REFERENCES "solid_queue_jobs" ("id") ON DELETE CASCADE,
  "key" text NOT NULL,
  "kind" text NOT NULL CHECK ("kind" IN ('concurrency', 'rate')),
  "limit" integer NOT NULL,
  "period_us" bigint NOT NULL,
  "on_conflict" text NOT NULL CHECK ("on_conflict" IN ('block', 'discard')),
  "held" boolean NOT NULL DEFAULT 0,
  "reserved" boolean NOT NULL DEFAULT 0,
  PRIMARY KEY ("job_id", "kind", "key")
) WITHOUT ROWID;

-- Who holds a key is found by these two: our own jobs by the first, those that Rails let in by the second.
CREATE INDEX "trifecta_job_limits_held" ON "trifecta_job_limits" ("key", "job_id") WHERE "held";
CREATE INDEX "trifecta_jobs_on_concurrency_key" ON "solid_queue_jobs" ("concurrency_key") WHERE "concurrency_key" IS NOT NULL AND "finished_at" IS NULL;

-- When the next job of a rate-limited key may start, in microseconds since 1970 (GCRA), and when the last of those that
-- wait will.
CREATE TABLE "trifecta_rate_limits" (
  "key" text NOT NULL PRIMARY KEY,
  "arrives_us" bigint NOT NULL,
  "planned_us" bigint NOT NULL
) WITHOUT ROWID;

-- Jobs of which there is to be one at a time. `states`: those in which the job keeps others out. `keep_until`: how long
-- it does so after it is gone.
CREATE TABLE "trifecta_unique_keys" (
  "key" text NOT NULL,
  "job_id" bigint NOT NULL,
  "states" integer NOT NULL,
  "enqueued_at" datetime(6) NOT NULL,
  "keep_until" datetime(6),
  PRIMARY KEY ("key", "job_id")
) WITHOUT ROWID;
CREATE INDEX "trifecta_unique_keys_on_job_id" ON "trifecta_unique_keys" ("job_id");

-- Running jobs that are to stop.
CREATE TABLE "trifecta_cancellations" (
  "job_id" bigint NOT NULL PRIMARY KEY,
  "requested_at" datetime(6) NOT NULL
) WITHOUT ROWID;

-- The times at which each recurring task was enqueued: unlike Rails' own record, it outlives the job.
CREATE TABLE "trifecta_recurring_runs" (
  "task_key" text NOT NULL,
  "run_at" datetime(6) NOT NULL,
  PRIMARY KEY ("task_key", "run_at")
) WITHOUT ROWID;

-- Recurring tasks that are not to run for now.
CREATE TABLE "trifecta_recurring_pauses" (
  "task_key" text NOT NULL PRIMARY KEY,
  "paused_at" datetime(6) NOT NULL
) WITHOUT ROWID;
