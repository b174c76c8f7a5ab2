DROP TABLE trifecta_cache_tags;
DROP TABLE trifecta_cache_expiries;
DROP TABLE trifecta_cache_leases;
DROP TABLE trifecta_cache_visits;
DROP TRIGGER trifecta_cache_delete;
DROP TRIGGER trifecta_cache_update;
DROP TRIGGER trifecta_cache_insert;
DROP TABLE trifecta_cache_state;
