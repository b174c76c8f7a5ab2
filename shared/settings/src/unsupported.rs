//! Keys of Rails' config files that have no effect here. Nobody is to believe that they had.

const TAKE_OUT: &str = "this key of Rails is not supported by this version: take it out";

/// By the name of the file.
const KEYS: &[(&str, &[(&str, &str)])] = &[(
    "cache",
    &[
        (
            "connects_to",
            "this key of Rails is not supported by this version: \
                 name the database in `database`, or several in `databases`",
        ),
        ("encryption_context_properties", TAKE_OUT),
        ("store_options.active_record_instrumentation", TAKE_OUT),
        ("store_options.coder", TAKE_OUT),
        ("store_options.serializer", TAKE_OUT),
    ],
)];

/// What to say about a key that is not known to the settings, where Rails knows it.
pub(crate) fn message(file: &str, key: &str) -> Option<&'static str> {
    let (_, keys) = KEYS.iter().find(|(name, _)| *name == file)?;
    let (_, message) = keys.iter().find(|(name, _)| *name == key)?;
    Some(message)
}
