DROP TABLE "trifecta_recurring_pauses";
DROP TABLE "trifecta_recurring_runs";
DROP TABLE "trifecta_cancellations";
DROP TABLE "trifecta_unique_keys";
DROP TABLE "trifecta_rate_limits";
DROP INDEX "trifecta_jobs_on_concurrency_key";
DROP TABLE "trifecta_job_limits";
