//! Keys of Rails' config files that have no effect here. Nobody is to believe that they had.

/// By the name of the file.
const KEYS: &[(&str, &[&str])] = &[(
    "cable",
    &["use_skip_locked", "reconnect_attempts", "channel_prefix"],
)];

/// What to say about a key that is not known to the settings, where Rails knows it.
pub(crate) fn message(file: &str, key: &str) -> Option<&'static str> {
    let (_, keys) = KEYS.iter().find(|(name, _)| *name == file)?;
    keys.contains(&key)
        .then_some("this key of Rails is not supported by this version: take it out")
}
