-- The column that solid_queue 1.7 added. A file whose Rails has it already keeps its own (see `db::Database::open`).
ALTER TABLE "solid_queue_jobs" ADD "batch_id" bigint;
