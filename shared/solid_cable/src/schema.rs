diesel::table! {
    solid_cable_messages (id) {
        id -> BigInt,
        channel -> Binary,
        payload -> Binary,
        created_at -> Text,
        channel_hash -> BigInt,
    }
}

diesel::table! {
    // SQLite's own: the highest id that a table ever gave away.
    sqlite_sequence (name) {
        name -> Text,
        seq -> BigInt,
    }
}
