-- What becomes of the times that a recurring task missed. Tasks without a row skip them, as with Rails.
CREATE TABLE "trifecta_recurring_policies" (
  "task_key" text NOT NULL PRIMARY KEY,
  "catch_up" text NOT NULL CHECK ("catch_up" IN ('once', 'all'))
) WITHOUT ROWID;
