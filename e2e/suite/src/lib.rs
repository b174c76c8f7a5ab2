//! Tests of the whole suite over real processes: see `tests/`.
