diesel::table! {
    solid_cable_messages (id) {
        id -> BigInt,
        channel -> Binary,
        payload -> Binary,
        created_at -> Text,
        channel_hash -> BigInt,
    }
}
