-- What a cache of ours knows beside the rows. Programs that know nothing of these tables keep the counters right all the
-- same: triggers do the counting.
CREATE TABLE trifecta_cache_state (id integer PRIMARY KEY NOT NULL CHECK (id = 1), entries integer NOT NULL, bytes integer NOT NULL, hand integer NOT NULL DEFAULT 0, evictions integer NOT NULL DEFAULT 0);
INSERT INTO trifecta_cache_state (id, entries, bytes) SELECT 1, count(*), coalesce(sum(byte_size), 0) FROM solid_cache_entries;
CREATE TRIGGER trifecta_cache_insert AFTER INSERT ON solid_cache_entries BEGIN UPDATE trifecta_cache_state SET entries = entries + 1, bytes = bytes + NEW.byte_size; END;
CREATE TRIGGER trifecta_cache_update AFTER UPDATE OF byte_size ON solid_cache_entries WHEN NEW.byte_size <> OLD.byte_size BEGIN UPDATE trifecta_cache_state SET bytes = bytes + NEW.byte_size - OLD.byte_size; END;
CREATE TRIGGER trifecta_cache_delete AFTER DELETE ON solid_cache_entries BEGIN UPDATE trifecta_cache_state SET entries = entries - 1, bytes = bytes - OLD.byte_size; END;
-- Keys that were read since the hand passed them last.
CREATE TABLE trifecta_cache_visits (key_hash integer PRIMARY KEY NOT NULL);
-- Who computes what just now, until when it is believed, in milliseconds since 1970.
CREATE TABLE trifecta_cache_leases (key_hash integer PRIMARY KEY NOT NULL, token integer NOT NULL, expires_at integer NOT NULL);
-- When to look at which key, in seconds since 1970: whether its entry has expired, the entry says.
CREATE TABLE trifecta_cache_expiries (due integer NOT NULL, key_hash integer NOT NULL, PRIMARY KEY (due, key_hash)) WITHOUT ROWID;
CREATE TABLE trifecta_cache_tags (tag text NOT NULL, key_hash integer NOT NULL, PRIMARY KEY (tag, key_hash)) WITHOUT ROWID;
CREATE INDEX trifecta_cache_tags_on_key_hash ON trifecta_cache_tags (key_hash);
