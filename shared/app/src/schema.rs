diesel::table! {
    todos (id) {
        id -> BigInt,
        title -> Text,
        completed -> Bool,
        created_at -> Text,
        updated_at -> Text,
    }
}

diesel::table! {
    todos_snapshot (id) {
        id -> BigInt,
        rev -> BigInt,
        epoch -> Text,
    }
}

diesel::table! {
    idempotency_keys (key_hash) {
        key_hash -> Binary,
        fingerprint -> Binary,
        created_at -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(todos, todos_snapshot);
