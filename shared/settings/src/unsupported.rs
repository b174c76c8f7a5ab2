//! Keys of Rails' config files that have no effect here. Nobody is to believe that they had.

/// By the name of the file: the keys as they are reported, without the numbers of lists.
const KEYS: &[(&str, &[&str])] = &[
    (
        "queue",
        &[
            "scheduler",
            "dispatchers.concurrency_maintenance",
            "dispatchers.concurrency_maintenance_interval",
            "dispatchers.batch_maintenance",
            "workers.fibers",
        ],
    ),
    (
        "cable",
        &["use_skip_locked", "reconnect_attempts", "channel_prefix"],
    ),
];

/// What to say about a key that is not known to the settings, where Rails knows it.
pub(crate) fn message(file: &str, key: &str) -> Option<&'static str> {
    let (_, keys) = KEYS.iter().find(|(name, _)| *name == file)?;
    keys.contains(&without_numbers(key).as_str())
        .then_some("this key of Rails is not supported by this version: take it out")
}

/// `workers[0].fibers` as `workers.fibers`.
fn without_numbers(key: &str) -> String {
    let parts = key.split('[');
    let plain = parts.map(|part| part.split_once(']').map_or(part, |(_, rest)| rest));
    plain.collect()
}
