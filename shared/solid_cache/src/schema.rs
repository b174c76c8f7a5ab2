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

diesel::table! {
    trifecta_cache_state (id) {
        id -> BigInt,
        entries -> BigInt,
        bytes -> BigInt,
        hand -> BigInt,
        evictions -> BigInt,
    }
}

diesel::table! {
    trifecta_cache_leases (key_hash) {
        key_hash -> BigInt,
        token -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    trifecta_cache_tags (tag, key_hash) {
        tag -> Text,
        key_hash -> BigInt,
    }
}
