diesel::table! {
    solid_cache_entries (id) {
        id -> BigInt,
        key -> Binary,
        value -> Binary,
        created_at -> Text,
        key_hash -> BigInt,
        byte_size -> Integer,
    }
}
