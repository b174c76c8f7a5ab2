DROP TABLE "ar_internal_metadata";
DROP TABLE "schema_migrations";
DROP TABLE "solid_cable_messages";
