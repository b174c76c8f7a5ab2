use std::fmt;

use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::Sha256;

use super::Digest;

/// As many as `Rails::Application#key_generator` asks for: the secret is random, so that few suffice.
const ITERATIONS: u32 = 1000;

/// Derives keys from one secret, as `ActiveSupport::KeyGenerator` does for a Rails application.
#[derive(Clone)]
pub struct KeyGenerator {
    secret: String,
    digest: Digest,
}

impl KeyGenerator {
    /// `secret` is Rails' `secret_key_base`; `digest` its `key_generator_hash_digest_class`, which is SHA-256 since
    /// `load_defaults 7.0` and SHA-1 before.
    pub fn new(secret: impl Into<String>, digest: Digest) -> Self {
        Self {
            secret: secret.into(),
            digest,
        }
    }

    /// The key for one purpose, which Rails names by its salt.
    pub fn key<const BYTES: usize>(&self, salt: &str) -> [u8; BYTES] {
        let (secret, salt) = (self.secret.as_bytes(), salt.as_bytes());
        let mut key = [0; BYTES];
        match self.digest {
            Digest::Sha1 => pbkdf2_hmac::<Sha1>(secret, salt, ITERATIONS, &mut key),
            Digest::Sha256 => pbkdf2_hmac::<Sha256>(secret, salt, ITERATIONS, &mut key),
        }
        key
    }

    /// A key for signatures, of the length that Rails gives it.
    pub fn signing_key(&self, salt: &str) -> [u8; 64] {
        self.key(salt)
    }
}

impl fmt::Debug for KeyGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyGenerator")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn keys_are_those_of_ruby() {
        for (digest, salt, start) in [
            (
                Digest::Sha256,
                "turbo/signed_stream_verifier_key",
                "e7eef555b1d885daa0fbc52de057bae0",
            ),
            (
                Digest::Sha256,
                "signed cookie",
                "d59fe7c12e42a0a56737141810c27f2b",
            ),
            (
                Digest::Sha1,
                "signed cookie",
                "942e470a6c85aa4d3dd699d1a5c08d04",
            ),
        ] {
            let keys = KeyGenerator::new("development_secret_key_base", digest);
            let key = HEXLOWER.encode(&keys.signing_key(salt));
            assert!(key.starts_with(start), "{digest:?} {salt}");
            assert!(!format!("{keys:?}").contains("development"));
        }
    }
}
