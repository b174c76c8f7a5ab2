ALTER TABLE "solid_queue_jobs" DROP "batch_id";
