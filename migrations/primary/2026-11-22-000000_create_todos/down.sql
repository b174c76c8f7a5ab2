DROP TABLE "todos_snapshot";
DROP TABLE "todos";
DROP TABLE "ar_internal_metadata";
DROP TABLE "schema_migrations";
