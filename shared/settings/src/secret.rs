use std::fmt;
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::Deserialize;

use crate::{AppEnv, Environment};

const VARIABLE: &str = "SECRET_KEY_BASE";
const FILE: &str = "SECRET_KEY_BASE_FILE";
/// The folder of what systemd's `LoadCredential=` passes.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
const CREDENTIAL: &str = "secret_key_base";

/// The secret from which the keys of cookies are derived. Its text never reaches a log.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKeyBase(String);

impl SecretKeyBase {
    /// Accepts at least 64 hex digits.
    ///
    /// # Errors
    /// What was expected, without the text that was given.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex || text.len() < 64 {
            let got = if hex {
                "hex digits"
            } else {
                "characters that are not all hex digits"
            };
            return Err(format!(
                "expected at least 64 hex digits, got {} {got}",
                text.chars().count()
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The secret that the environment gives: `SECRET_KEY_BASE`, else the file that `SECRET_KEY_BASE_FILE` names, else the
    /// credential `secret_key_base` that systemd passed. Nothing where there is none of them.
    pub(crate) fn given(environment: &Environment) -> Option<Result<Self, (&'static str, String)>> {
        if let Some(text) = environment.get(VARIABLE) {
            return Some(Self::parse(text).map_err(|message| (VARIABLE, message)));
        }
        if let Some(path) = environment.get(FILE) {
            return Some(Self::read(Path::new(path)).map_err(|message| (FILE, message)));
        }
        let folder = environment.get(CREDENTIALS)?;
        let path = Path::new(folder).join(CREDENTIAL);
        // Credentials may be passed for other ends.
        let is_there = path.exists();
        is_there.then(|| Self::read(&path).map_err(|message| (CREDENTIALS, message)))
    }

    fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Self::parse(&text))
            .map_err(|message| format!("`{}`: {message}", path.display()))
    }

    /// The secret of a development or test suite, made at the first use and kept in a file that only its owner reads.
    ///
    /// # Errors
    /// What the system said, or that the file holds no secret.
    pub fn generated(storage_dir: &Path, app_env: AppEnv) -> Result<Self, String> {
        let path = storage_dir.join(format!("{app_env}_secret_key_base"));
        let failed = |error: &dyn fmt::Display| format!("`{}`: {error}", path.display());
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|error| failed(&error)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(storage_dir, &path).map_err(|error| failed(&error))
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// Stands in while the problems of a configuration are collected; no settings with it are ever given out.
    pub(crate) fn none() -> Self {
        Self(String::new())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A secret of any length. Its text never reaches a log.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Writes a file of its own and links it into place, so that no process reads half a secret and the first one wins.
fn make(storage_dir: &Path, path: &Path) -> std::io::Result<SecretKeyBase> {
    fs::create_dir_all(storage_dir)?;
    let secret = random_hex()?;
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    writeln!(file, "{secret}")?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(SecretKeyBase(fs::read_to_string(path)?.trim().to_owned())),
    }
}

fn random_hex() -> std::io::Result<String> {
    let mut bytes = [0; 64];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(HEXLOWER.encode(&bytes))
}

impl fmt::Debug for SecretKeyBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKeyBase(…)")
    }
}
