-- What history needs to know beside the rows. Programs that know nothing of these tables keep them right all the same, by
-- triggers. All of it may be run again, for a table of messages that was made anew has lost its triggers.

-- The epoch names the numbering of `solid_cable_messages.id`: `begun` once it has numbered a message. Up to `floor` it is
-- unknown what was deleted.
CREATE TABLE IF NOT EXISTS trifecta_cable_state (id integer PRIMARY KEY NOT NULL CHECK (id = 1), epoch text NOT NULL, begun integer NOT NULL, floor integer NOT NULL);
INSERT OR IGNORE INTO trifecta_cable_state (id, epoch, begun, floor)
  SELECT 1, lower(hex(randomblob(8))), seq > 0, seq FROM (SELECT coalesce(max(seq), 0) AS seq FROM sqlite_sequence WHERE name = 'solid_cable_messages');

-- The highest id of each stream that was deleted.
CREATE TABLE IF NOT EXISTS trifecta_cable_lows (channel_hash integer PRIMARY KEY NOT NULL, low integer NOT NULL);
CREATE TRIGGER IF NOT EXISTS trifecta_cable_delete AFTER DELETE ON solid_cable_messages WHEN typeof(OLD.channel_hash) = 'integer' BEGIN
  INSERT INTO trifecta_cable_lows (channel_hash, low) VALUES (OLD.channel_hash, OLD.id) ON CONFLICT (channel_hash) DO UPDATE SET low = excluded.low WHERE excluded.low > low;
END;

-- Numbers that begin anew make the old ones mean something else.
CREATE TRIGGER IF NOT EXISTS trifecta_cable_first AFTER INSERT ON solid_cable_messages WHEN NEW.id = 1 BEGIN
  UPDATE trifecta_cable_state SET epoch = CASE WHEN begun THEN lower(hex(randomblob(8))) ELSE epoch END, begun = 1, floor = 0;
  DELETE FROM trifecta_cable_lows;
END;
