DROP TRIGGER trifecta_cable_first;
DROP TRIGGER trifecta_cable_delete;
DROP TABLE trifecta_cable_lows;
DROP TABLE trifecta_cable_state;
