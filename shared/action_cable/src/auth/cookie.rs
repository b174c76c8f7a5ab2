//! Cookies that a Rails application wrote. Source: `actionpack` 8.1 (`middleware/cookies.rb`).

use std::fmt;

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use data_encoding::BASE64;
use serde::de::DeserializeOwned;

use super::verifier::read;
use super::{Digest, InvalidMessage, KeyGenerator, MessageVerifier};
use crate::UpgradeRequest;

/// Reads signed and encrypted cookies of Rails, whose values are JSON (`cookies_serializer = :json`).
///
/// ```
/// use action_cable::auth::{Cookies, Digest, KeyGenerator};
/// use action_cable::{Identify, Refused, UpgradeRequest};
///
/// #[derive(Clone)]
/// struct User(i64);
///
/// impl Identify<Cookies> for User {
///     async fn identify(request: &UpgradeRequest<'_>, cookies: &Cookies) -> Result<Self, Refused> {
///         let id = request.signed_cookie("user_id", cookies);
///         id.map(Self).ok_or(Refused::Unauthorized)
///     }
/// }
///
/// let cookies = Cookies::new(&KeyGenerator::new("secret_key_base", Digest::Sha256));
/// ```
#[derive(Clone)]
pub struct Cookies {
    /// Rails signs with SHA-1 unless `signed_cookie_digest` says otherwise, and rotates from one to the other.
    verifiers: [MessageVerifier; 2],
    key: [u8; 32],
}

impl Cookies {
    /// Reads the cookies of an application with these keys, and Rails' salts.
    pub fn new(keys: &KeyGenerator) -> Self {
        let key = keys.signing_key("signed cookie");
        Self {
            verifiers: [Digest::Sha1, Digest::Sha256]
                .map(|digest| MessageVerifier::new(key, digest)),
            key: keys.key("authenticated encrypted cookie"),
        }
    }

    /// The value in `cookies.signed[name]`, given the cookie's text.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn verify<T: DeserializeOwned>(&self, name: &str, text: &str) -> Result<T, InvalidMessage> {
        let [sha1, sha256] = &self.verifiers;
        for_this_cookie(name, |purpose| match sha1.verify(text, purpose) {
            Err(InvalidMessage::Signature) => sha256.verify(text, purpose),
            verified => verified,
        })
    }

    /// The value in `cookies.encrypted[name]`, given the cookie's text: that of AES-256-GCM, Rails' cipher since 5.2.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn decrypt<T: DeserializeOwned>(
        &self,
        name: &str,
        text: &str,
    ) -> Result<T, InvalidMessage> {
        let json = self.decrypted(text)?;
        for_this_cookie(name, |purpose| read(&json, purpose))
    }

    fn decrypted(&self, text: &str) -> Result<Vec<u8>, InvalidMessage> {
        let parts: Option<Vec<_>> = text
            .split("--")
            .map(|part| BASE64.decode(part.as_bytes()).ok())
            .collect();
        let Some([data, nonce, tag]) = parts.as_deref() else {
            return Err(InvalidMessage::Malformed);
        };
        let malformed = |_| InvalidMessage::Malformed;
        let nonce = Nonce::try_from(&nonce[..]).map_err(malformed)?;
        let tag = Tag::try_from(&tag[..]).map_err(malformed)?;
        let mut data = data.clone();
        Aes256Gcm::new(&self.key.into())
            .decrypt_inout_detached(&nonce, &[], data.as_mut_slice().into(), &tag)
            .map_err(|_| InvalidMessage::Signature)?;
        Ok(data)
    }
}

/// A cookie is signed for its name, so that it cannot stand for another one. Those that Rails 5.1 and older wrote
/// are signed for none, and Rails still reads them.
fn for_this_cookie<T>(
    name: &str,
    read: impl Fn(Option<&str>) -> Result<T, InvalidMessage>,
) -> Result<T, InvalidMessage> {
    match read(Some(&format!("cookie.{name}"))) {
        Err(InvalidMessage::Purpose) => read(None),
        verified => verified,
    }
}

impl UpgradeRequest<'_> {
    /// The value of `cookies.signed[name]` in a Rails application; `None` where there is no such cookie, or none that
    /// counts.
    pub fn signed_cookie<T: DeserializeOwned>(&self, name: &str, cookies: &Cookies) -> Option<T> {
        told(name, cookies.verify(name, &self.cookie(name)?))
    }

    /// The value of `cookies.encrypted[name]` in a Rails application; `None` where there is no such cookie, or none
    /// that counts.
    pub fn encrypted_cookie<T: DeserializeOwned>(
        &self,
        name: &str,
        cookies: &Cookies,
    ) -> Option<T> {
        told(name, cookies.decrypt(name, &self.cookie(name)?))
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookies").finish_non_exhaustive()
    }
}

fn told<T>(name: &str, value: Result<T, InvalidMessage>) -> Option<T> {
    value
        .inspect_err(|error| {
            tracing::debug!(cable.cookie = name, error = %error, "a cookie does not count");
        })
        .ok()
}

#[cfg(test)]
#[path = "cookie_tests.rs"]
mod tests;
