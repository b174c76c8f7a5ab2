use std::path::{Path, PathBuf};

/// At least 64 hex digits.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Environment variables of a process, by name.
pub type Variables = Vec<(String, String)>;

/// The root of the workspace, where `config/` is.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new("."))
        .to_owned()
}

/// The variables of a process in production mode on free ports, with its files in `storage`. `more` come last and win.
pub fn production(storage: &Path, more: &[(&str, &str)]) -> Variables {
    let (storage, assets) = (
        storage.display().to_string(),
        root().join("web/tests/fixtures/dist").display().to_string(),
    );
    let usual = [
        ("APP_ENV", "production"),
        ("STORAGE_DIR", &storage),
        ("SECRET_KEY_BASE", SECRET),
        ("PORT", "0"),
        ("CABLE_PORT", "0"),
        ("ALLOWED_ORIGINS", "http://127.0.0.1:*"),
        ("WEB__ASSETS_DIR", &assets),
    ];
    let all = usual.iter().chain(more);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
