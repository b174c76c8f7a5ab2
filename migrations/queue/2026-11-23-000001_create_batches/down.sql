DROP TABLE "solid_queue_batch_executions";
DROP TABLE "solid_queue_batches";
DROP INDEX "index_solid_queue_jobs_on_batch_id";
