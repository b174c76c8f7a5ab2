//! Signed messages: `<base64 of JSON>--<hex HMAC of the base64>`. Source: `activesupport` 8.1
//! (`message_verifier.rb`, `messages/metadata.rb`).

use std::fmt;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use hmac::Mac as _;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::mac;

/// The hash function of a signature or of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1, which Rails still signs cookies with.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
}

/// Verifies what another program signed with the same key: Rails' `ActiveSupport::MessageVerifier` with JSON messages.
///
/// ```
/// use action_cable::auth::{Digest, MessageVerifier};
///
/// let verifier = MessageVerifier::new("s3Krit", Digest::Sha256);
/// let token = "ImNoYXQ6MjAyMSI=--f9ee45dbccb1da04d8ceb99cc820207804370ba0d06b46fc3b8b373af1315628";
/// assert_eq!(verifier.verify::<String>(token, None)?, "chat:2021");
/// # Ok::<(), action_cable::auth::InvalidMessage>(())
/// ```
#[derive(Clone)]
pub struct MessageVerifier {
    key: Vec<u8>,
    digest: Digest,
}

/// Why a signed message does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// It has no signature, or its text is no base64.
    #[error("the text is no signed message")]
    Malformed,
    /// Nobody with this key signed it.
    #[error("the signature is that of another message or key")]
    Signature,
    /// It was signed for a time that is over.
    #[error("the message has expired")]
    Expired,
    /// It was signed for something else.
    #[error("the message was signed for another purpose")]
    Purpose,
    /// It is signed, but is not what was expected.
    #[error("the message is not what was expected")]
    Content(#[from] serde_json::Error),
}

impl MessageVerifier {
    /// A verifier with a key and the hash function of its signatures.
    pub fn new(key: impl Into<Vec<u8>>, digest: Digest) -> Self {
        Self {
            key: key.into(),
            digest,
        }
    }

    /// The message of a token. The `purpose` must be that for which it was signed; most are signed for none.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn verify<T: DeserializeOwned>(
        &self,
        token: &str,
        purpose: Option<&str>,
    ) -> Result<T, InvalidMessage> {
        let (text, signature) = token.rsplit_once("--").ok_or(InvalidMessage::Malformed)?;
        self.check(text, signature)?;
        read(&decode(text)?, purpose)
    }

    /// Signs a message, for no purpose and for ever.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn generate<T: Serialize + ?Sized>(&self, message: &T) -> serde_json::Result<String> {
        let text = BASE64.encode(&serde_json::to_vec(message)?);
        let signature = HEXLOWER.encode(&self.sign(text.as_bytes()));
        Ok(format!("{text}--{signature}"))
    }

    /// Takes the same time wherever a wrong signature differs from the right one.
    fn check(&self, text: &str, signature: &str) -> Result<(), InvalidMessage> {
        let signature = HEXLOWER
            .decode(signature.as_bytes())
            .map_err(|_| InvalidMessage::Malformed)?;
        let text = text.as_bytes();
        let verified = match self.digest {
            Digest::Sha1 => mac::sha1(&self.key, text).verify_slice(&signature),
            Digest::Sha256 => mac::sha256(&self.key, text).verify_slice(&signature),
        };
        verified.map_err(|_| InvalidMessage::Signature)
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self.digest {
            Digest::Sha1 => mac::sha1(&self.key, text).finalize().into_bytes().to_vec(),
            Digest::Sha256 => mac::sha256(&self.key, text)
                .finalize()
                .into_bytes()
                .to_vec(),
        }
    }
}

/// Rails writes strict base64 and reads the URL-safe form as well.
fn decode(text: &str) -> Result<Vec<u8>, InvalidMessage> {
    let strict = BASE64.decode(text.as_bytes());
    let url_safe = |_| BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes());
    strict
        .or_else(url_safe)
        .map_err(|_| InvalidMessage::Malformed)
}

/// What Rails puts around a message that has an expiry or a purpose.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "_rails", borrow)]
    rails: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    /// The message itself.
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    /// Or the base64 of its JSON, as versions before 7.1 and all cookies have it.
    message: Option<String>,
    exp: Option<String>,
    pur: Option<String>,
}

/// The message in `json`, which is signed.
pub(super) fn read<T: DeserializeOwned>(
    json: &[u8],
    purpose: Option<&str>,
) -> Result<T, InvalidMessage> {
    match envelope(json)? {
        Some(metadata) => open(&metadata, purpose),
        None if purpose.is_some() => Err(InvalidMessage::Purpose),
        None => Ok(serde_json::from_slice(json)?),
    }
}

fn envelope(json: &[u8]) -> Result<Option<Metadata<'_>>, InvalidMessage> {
    if !json.starts_with(b"{") {
        return Ok(None);
    }
    let Envelope { rails } = serde_json::from_slice(json)?;
    let metadata = rails.map(|rails| serde_json::from_str(rails.get()));
    Ok(metadata.transpose()?)
}

fn open<T: DeserializeOwned>(
    metadata: &Metadata<'_>,
    purpose: Option<&str>,
) -> Result<T, InvalidMessage> {
    if let Some(expiry) = &metadata.exp
        && !is_future(expiry)
    {
        return Err(InvalidMessage::Expired);
    }
    if metadata.pur.as_deref().unwrap_or_default() != purpose.unwrap_or_default() {
        return Err(InvalidMessage::Purpose);
    }
    match (&metadata.message, metadata.data) {
        (Some(message), _) => Ok(serde_json::from_slice(&decode(message)?)?),
        (None, Some(data)) => Ok(serde_json::from_str(data.get())?),
        (None, None) => Err(InvalidMessage::Malformed),
    }
}

/// A time that cannot be read is over.
fn is_future(time: &str) -> bool {
    time.parse::<Timestamp>()
        .is_ok_and(|time| Timestamp::now() < time)
}

impl fmt::Debug for MessageVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageVerifier")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "verifier_tests.rs"]
mod tests;
