#![allow(clippy::unwrap_used, reason = "helpers of a test")]
//! Where the secret comes from, and which place wins.

mod support;

use std::fs;
use std::path::Path;

use settings::Settings;
use support::load;

fn hex(digit: &str) -> String {
    digit.repeat(64)
}

fn production(folder: &Path, more: &[(&str, &str)]) -> Result<Settings, String> {
    let unset = [("APP_ENV", "production"), ("SECRET_KEY_BASE", "")];
    let all: Vec<_> = unset.iter().chain(more).copied().collect();
    load(folder, folder, &all)
}

#[test]
fn the_variable_wins_over_the_file_and_that_over_the_credential() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, format!("{}\n", hex("b"))).unwrap();
    fs::write(folder.path().join("secret_key_base"), hex("c")).unwrap();
    let (file, credentials) = (
        file.display().to_string(),
        folder.path().display().to_string(),
    );
    let variable = hex("a");
    let all = [
        ("CREDENTIALS_DIRECTORY", credentials.as_str()),
        ("SECRET_KEY_BASE_FILE", &file),
        ("SECRET_KEY_BASE", &variable),
    ];
    for (given, expected) in [(3, "a"), (2, "b"), (1, "c")] {
        let settings = production(folder.path(), &all[..given]).unwrap();
        assert_eq!(settings.secret_key_base.expose(), hex(expected));
    }
}

#[test]
fn what_is_wrong_with_a_file_names_the_variable_and_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let file = format!("{place}/secret_key_base");
    let said = |variable: &str, value: &str| {
        let problems = production(folder.path(), &[(variable, value)]).unwrap_err();
        problems.replace(&place, "…")
    };
    assert_eq!(
        said("SECRET_KEY_BASE_FILE", &file),
        "SECRET_KEY_BASE_FILE: `…/secret_key_base`: No such file or directory (os error 2)"
    );
    assert_eq!(
        said("CREDENTIALS_DIRECTORY", &place),
        "SECRET_KEY_BASE: is not set; production needs at least 64 hex digits (make some with `openssl rand -hex 64`)",
        "credentials may be passed for other ends"
    );
    fs::write(&file, "short").unwrap();
    let expected = "`…/secret_key_base`: expected at least 64 hex digits, got 5 characters that are not all hex digits";
    assert_eq!(
        said("SECRET_KEY_BASE_FILE", &file),
        format!("SECRET_KEY_BASE_FILE: {expected}")
    );
    assert_eq!(
        said("CREDENTIALS_DIRECTORY", &place),
        format!("CREDENTIALS_DIRECTORY: {expected}")
    );
}
