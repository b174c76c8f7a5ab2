//! The keys of the cache's encryption.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use solid_cache::{Encryption, KeyDigest};

use crate::{Environment, SecretKeyBase};

const PRIMARY_KEY: &str = "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY";
const SALT: &str = "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT";

/// Those of the variables, or else of the secret that every installation has. The error names the variable, and tells
/// nothing of a value.
pub(crate) fn resolve(
    environment: &Environment,
    secret: &SecretKeyBase,
) -> Result<Encryption, (&'static str, String)> {
    match (environment.get(PRIMARY_KEY), environment.get(SALT)) {
        (Some(keys), Some(salt)) => encryption(&split(keys)?, salt),
        (Some(_), None) => Err((SALT, missing(PRIMARY_KEY))),
        (None, Some(_)) => Err((PRIMARY_KEY, missing(SALT))),
        (None, None) => encryption(
            &[derived("solid_cache primary key", secret)],
            &derived("solid_cache key derivation salt", secret),
        ),
    }
}

fn encryption(keys: &[String], salt: &str) -> Result<Encryption, (&'static str, String)> {
    Encryption::new(keys, salt, KeyDigest::Sha256).map_err(|error| (SALT, error.to_string()))
}

fn missing(other: &str) -> String {
    format!("is not set, but {other} is: set both, or neither")
}

/// In Rails' order: the last one encrypts, all decrypt.
fn split(keys: &str) -> Result<Vec<String>, (&'static str, String)> {
    let keys: Vec<_> = keys.split(',').map(|key| key.trim().to_owned()).collect();
    match keys.iter().position(String::is_empty) {
        Some(at) => {
            let message = format!(
                "expected keys between commas, got none as number {}",
                at + 1
            );
            Err((PRIMARY_KEY, message))
        }
        None => Ok(keys),
    }
}

/// The label keeps what is made for one end from being of use for another.
fn derived(label: &str, secret: &SecretKeyBase) -> String {
    let labelled = [label.as_bytes(), &[0], secret.expose().as_bytes()].concat();
    HEXLOWER.encode(&Sha256::digest(labelled))
}
