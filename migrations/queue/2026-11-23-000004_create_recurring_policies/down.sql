DROP TABLE "trifecta_recurring_policies";
