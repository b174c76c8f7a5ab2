use action_cable::auth::Digest;
use serde::Deserialize;

use crate::Environment;
use crate::secret::Secret;
use crate::word::{Word, word};

/// Who may connect to the cable, and to what: `auth` in `cable.yml`, and the variables of AnyCable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// What clients' tokens are signed with (`ANYCABLE_JWT_SECRET`). None: nobody looks at tokens.
    pub jwt_secret: Option<Secret>,
    /// Whether a client must have a token (`ANYCABLE_ENFORCE_JWT`).
    pub enforce_jwt: bool,
    /// What the names of streams are signed with (`ANYCABLE_STREAMS_SECRET`). None: no such streams.
    pub streams_secret: Option<Secret>,
    /// Whether clients may subscribe to any stream by its name (`ANYCABLE_PUBLIC_STREAMS`).
    pub public_streams: bool,
    /// Whether the clients of signed streams may whisper (`ANYCABLE_STREAMS_WHISPER`).
    pub streams_whisper: bool,
    /// What Turbo Streams are signed with (`ANYCABLE_TURBO_STREAMS_SECRET`). None: as Rails derives it from
    /// `SECRET_KEY_BASE`.
    pub turbo_streams_secret: Option<Secret>,
    /// How Rails derives keys from `SECRET_KEY_BASE`.
    pub key_digest: Digest,
    /// Who may broadcast over HTTP. None: nobody.
    pub broadcast: Option<Broadcast>,
}

/// Who may broadcast over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// Those with this key (`ANYCABLE_BROADCAST_KEY`).
    Key(Secret),
    /// Those with the key that AnyCable derives from this secret (`ANYCABLE_SECRET`).
    Derived(Secret),
}

/// `auth` in a section of `cable.yml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    secret: Option<Secret>,
    jwt_secret: Option<Secret>,
    enforce_jwt: Option<bool>,
    streams_secret: Option<Secret>,
    public_streams: Option<bool>,
    streams_whisper: Option<bool>,
    turbo_streams_secret: Option<Secret>,
    broadcast_key: Option<Secret>,
    #[serde(deserialize_with = "word")]
    key_digest: KeyDigest,
}

#[derive(Clone, Copy, Default)]
enum KeyDigest {
    #[default]
    Sha256,
    Sha1,
}

impl Word for KeyDigest {
    const WORDS: &'static [(&'static str, Self)] =
        &[("sha256", Self::Sha256), ("sha1", Self::Sha1)];
}

/// What is wrong, and the variable or key that says it.
pub(crate) type Problem = (&'static str, String);

impl File {
    /// With the variables of AnyCable, which win over the file.
    pub(crate) fn resolve(self, environment: &Environment) -> Result<Access, Problem> {
        let secret = |variable, key: Option<Secret>| {
            let set = environment.get(variable).map(Secret::new);
            set.or(key).filter(|secret| !secret.expose().is_empty())
        };
        let shared = secret("ANYCABLE_SECRET", self.secret);
        let of_clients = |variable, key| secret(variable, key).or_else(|| shared.clone());
        let access = Access {
            jwt_secret: of_clients("ANYCABLE_JWT_SECRET", self.jwt_secret),
            enforce_jwt: flag(environment, "ANYCABLE_ENFORCE_JWT", self.enforce_jwt)?,
            streams_secret: of_clients("ANYCABLE_STREAMS_SECRET", self.streams_secret),
            public_streams: flag(environment, "ANYCABLE_PUBLIC_STREAMS", self.public_streams)?,
            streams_whisper: flag(
                environment,
                "ANYCABLE_STREAMS_WHISPER",
                self.streams_whisper,
            )?,
            turbo_streams_secret: secret(
                "ANYCABLE_TURBO_STREAMS_SECRET",
                self.turbo_streams_secret,
            ),
            key_digest: match self.key_digest {
                KeyDigest::Sha256 => Digest::Sha256,
                KeyDigest::Sha1 => Digest::Sha1,
            },
            broadcast: secret("ANYCABLE_BROADCAST_KEY", self.broadcast_key)
                .map(Broadcast::Key)
                .or_else(|| shared.clone().map(Broadcast::Derived)),
        };
        access.checked()
    }
}

impl Access {
    /// Nobody is to believe that tokens are asked for when none could be verified.
    fn checked(self) -> Result<Self, Problem> {
        if self.enforce_jwt && self.jwt_secret.is_none() {
            let message =
                "is set, but there is no ANYCABLE_JWT_SECRET that a token could be signed with";
            return Err(("ANYCABLE_ENFORCE_JWT", message.into()));
        }
        Ok(self)
    }
}

fn flag(
    environment: &Environment,
    variable: &'static str,
    key: Option<bool>,
) -> Result<bool, Problem> {
    match environment.get(variable) {
        None => Ok(key.unwrap_or_default()),
        Some("1" | "true") => Ok(true),
        Some("0" | "false") => Ok(false),
        Some(other) => Err((variable, format!("expected true or false, got `{other}`"))),
    }
}
