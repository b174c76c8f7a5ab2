//! The values in the file, encrypted as Rails' Solid Cache has it with `encrypt: true`: Active Record Encryption with
//! AES-256-GCM, its keys derived from the primary keys, its messages packed by `MessagePack`.
//!
//! `cc 80 | {"p": the encrypted value, "h": {:iv, :at, :e}}`, where `cc 80` is the mark of Active Support's `MessagePack`,
//! `at` the tag that proves the value, `e` Ruby's encoding of it, and a symbol an extension of type 0. `MessagePack` for
//! this one shape is written and read by hand: it takes less than a library's errors would.

use std::fmt;
use std::sync::Arc;

use aes_gcm::{AeadInOut as _, Aes256Gcm, KeyInit as _};
use pbkdf2::pbkdf2_hmac_array;
use sha1::Sha1;
use sha2::Sha256;

/// How often Active Support hashes a password to derive a key from it.
const ROUNDS: u32 = 1 << 16;

const KEY: usize = 32;
const IV: usize = 12;
const TAG: usize = 16;

/// What Active Support's `MessagePack` puts in front of everything: the number 128.
const SIGNATURE: &[u8] = b"\xcc\x80";
/// Two pairs follow, the first one's key being "p".
const PAYLOAD: &[u8] = b"\x82\xa1p";
/// The second one's key is "h", and three pairs follow in it, the first one's key being the symbol `iv`.
const HEADERS_AND_IV: &[u8] = b"\xa1h\x83\xd5\x00iv\xc4\x0c";
const AUTH_TAG: &[u8] = b"\xd5\x00at\xc4\x10";
/// All values are binary for Active Record, and it says so. Without it Ruby takes them for UTF-8.
const ENCODING: &[u8] = b"\xd4\x00e\xaaASCII-8BIT";

/// Bytes that a message has beside its payload, at most.
const OVERHEAD: usize = 72;

/// Why the cache cannot encrypt, or a stored value not be decrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptionError {
    /// A primary key or the salt is blank or missing.
    #[error("active_record_encryption.{0} is missing")]
    Unconfigured(&'static str),
    #[error("it is too large to be encrypted")]
    /// More than a message may hold.
    TooLarge,
    #[error("it is not encrypted, or not as Solid Cache encrypts")]
    /// Not a message of this kind.
    Format,
    #[error("it is encrypted, but cut short")]
    /// The end of the message is missing.
    Truncated,
    #[error("it was encrypted with settings of Active Record that are not supported here")]
    /// Compressed, or under an enveloped key.
    Foreign,
    #[error("none of the primary keys decrypts it")]
    /// Encrypted with another key, or changed since.
    Key,
}

/// What keys are derived with: `active_record.encryption.hash_digest_class`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyDigest {
    /// Since `load_defaults 7.1`.
    #[default]
    Sha256,
    /// Before.
    Sha1,
}

/// The keys of Active Record Encryption, ready to use.
#[derive(Clone)]
pub struct Encryption {
    cipher: Arc<Cipher>,
    /// Tells one set of keys from another.
    fingerprint: i64,
}

impl Encryption {
    /// From `active_record_encryption.primary_key`, of which the last encrypts and all decrypt, and `.key_derivation_salt`.
    /// Takes some milliseconds for each key.
    ///
    /// # Errors
    /// [`EncryptionError::Unconfigured`].
    pub fn new(
        primary_keys: &[String],
        key_derivation_salt: &str,
        digest: KeyDigest,
    ) -> Result<Self, EncryptionError> {
        let cipher = Arc::new(Cipher::new(primary_keys, key_derivation_salt, digest)?);
        let all = format!("{primary_keys:?} {key_derivation_salt:?} {digest:?}");
        let fingerprint = db::key_hash(all.as_bytes());
        Ok(Self {
            cipher,
            fingerprint,
        })
    }

    pub(crate) fn cipher(&self) -> Arc<Cipher> {
        Arc::clone(&self.cipher)
    }
}

impl PartialEq for Encryption {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Encryption {}

/// Shows no secret.
impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryption").finish_non_exhaustive()
    }
}

/// Encrypts with the newest primary key, decrypts with all.
pub(crate) struct Cipher {
    newest: Aes256Gcm,
    older: Vec<Aes256Gcm>,
}

impl Cipher {
    /// The keys as Rails lists them, the newest last. Deriving is slow on purpose: do it once.
    pub(crate) fn new(
        primary_keys: &[String],
        key_derivation_salt: &str,
        digest: KeyDigest,
    ) -> Result<Self, EncryptionError> {
        if primary_keys.iter().any(|key| key.trim().is_empty()) {
            return Err(EncryptionError::Unconfigured("primary_key"));
        }
        if key_derivation_salt.trim().is_empty() {
            return Err(EncryptionError::Unconfigured("key_derivation_salt"));
        }
        let derive = |key: &String| derive(key.as_bytes(), key_derivation_salt.as_bytes(), digest);
        let mut newest_first = primary_keys.iter().rev().map(derive);
        Ok(Self {
            newest: newest_first
                .next()
                .ok_or(EncryptionError::Unconfigured("primary_key"))?,
            older: newest_first.collect(),
        })
    }

    pub(crate) fn encrypt(&self, clear: &[u8]) -> Result<Vec<u8>, EncryptionError> {
        self.seal(clear, rand::random())
    }

    /// An IV must never come twice with a key: who has two such messages can forge others.
    fn seal(&self, clear: &[u8], iv: [u8; IV]) -> Result<Vec<u8>, EncryptionError> {
        let mut message = head(clear.len())?;
        let mut payload = clear.to_vec();
        let tag = self
            .newest
            .encrypt_inout_detached(&iv.into(), b"", payload.as_mut_slice().into())
            .map_err(|_| EncryptionError::TooLarge)?;
        message.extend(payload);
        push_headers(&mut message, iv, tag.into());
        Ok(message)
    }

    pub(crate) fn decrypt(&self, stored: &[u8]) -> Result<Vec<u8>, EncryptionError> {
        let message = Message::parse(stored)?;
        std::iter::once(&self.newest)
            .chain(&self.older)
            .find_map(|key| message.open(key))
            .ok_or(EncryptionError::Key)
    }
}

/// The keys are nobody's business.
impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cipher").finish_non_exhaustive()
    }
}

fn derive(password: &[u8], salt: &[u8], digest: KeyDigest) -> Aes256Gcm {
    let key: [u8; KEY] = match digest {
        KeyDigest::Sha256 => pbkdf2_hmac_array::<Sha256, KEY>(password, salt, ROUNDS),
        KeyDigest::Sha1 => pbkdf2_hmac_array::<Sha1, KEY>(password, salt, ROUNDS),
    };
    Aes256Gcm::new(&key.into())
}

/// A message up to its payload, which is to have this length.
fn head(length: usize) -> Result<Vec<u8>, EncryptionError> {
    let bytes = u32::try_from(length)
        .map_err(|_| EncryptionError::TooLarge)?
        .to_be_bytes();
    let mut message = Vec::with_capacity(OVERHEAD + length);
    message.extend(SIGNATURE);
    message.extend(PAYLOAD);
    match bytes {
        [0, 0, 0, low] => message.extend([0xc4, low]),
        [0, 0, high, low] => message.extend([0xc5, high, low]),
        _ => {
            message.push(0xc6);
            message.extend(bytes);
        }
    }
    Ok(message)
}

fn push_headers(message: &mut Vec<u8>, iv: [u8; IV], tag: [u8; TAG]) {
    message.extend(HEADERS_AND_IV);
    message.extend(iv);
    message.extend(AUTH_TAG);
    message.extend(tag);
    message.extend(ENCODING);
}

/// A stored value whose packing is undone.
struct Message<'a> {
    payload: &'a [u8],
    headers: Headers,
}

struct Headers {
    iv: [u8; IV],
    tag: [u8; TAG],
}

impl<'a> Message<'a> {
    fn parse(stored: &'a [u8]) -> Result<Self, EncryptionError> {
        let packed = stored
            .strip_prefix(SIGNATURE)
            .ok_or(EncryptionError::Format)?;
        let mut reader = Reader(packed);
        let (mut payload, mut headers) = (None, None);
        for _ in 0..reader.pairs()? {
            match reader.bytes()? {
                b"p" => payload = Some(reader.bytes()?),
                b"h" => headers = Some(Headers::read(&mut reader)?),
                _ => return Err(EncryptionError::Format),
            }
        }
        match (payload, headers, reader) {
            (Some(payload), Some(headers), Reader([])) => Ok(Self { payload, headers }),
            _ => Err(EncryptionError::Format),
        }
    }

    /// The value, if it was encrypted with this key and nobody changed it.
    fn open(&self, key: &Aes256Gcm) -> Option<Vec<u8>> {
        let Headers { iv, tag } = self.headers;
        let mut clear = self.payload.to_vec();
        key.decrypt_inout_detached(&iv.into(), b"", clear.as_mut_slice().into(), &tag.into())
            .ok()?;
        Some(clear)
    }
}

impl Headers {
    fn read(reader: &mut Reader<'_>) -> Result<Self, EncryptionError> {
        let (mut iv, mut tag) = (None, None);
        for _ in 0..reader.pairs()? {
            match reader.symbol()? {
                b"iv" => iv = reader.bytes()?.try_into().ok(),
                b"at" => tag = reader.bytes()?.try_into().ok(),
                // The encoding, and which key it was: bytes are bytes, and all keys are tried.
                b"e" | b"i" => _ = reader.bytes()?,
                // It was compressed, or encrypted with a key of its own that is enclosed.
                _ => return Err(EncryptionError::Foreign),
            }
        }
        match (iv, tag) {
            (Some(iv), Some(tag)) => Ok(Self { iv, tag }),
            _ => Err(EncryptionError::Format),
        }
    }
}

/// What is left to read of a message.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// How many pairs of a map follow. No message needs more than the short form can say.
    fn pairs(&mut self) -> Result<u8, EncryptionError> {
        match self.byte()? {
            head @ 0x80..=0x8f => Ok(head & 0x0f),
            _ => Err(EncryptionError::Format),
        }
    }

    /// A string, be it text or binary: Ruby tells them apart, but not in what they mean here.
    fn bytes(&mut self) -> Result<&'a [u8], EncryptionError> {
        let length = match self.byte()? {
            head @ 0xa0..=0xbf => usize::from(head & 0x1f),
            0xc4 | 0xd9 => self.number(1)?,
            0xc5 | 0xda => self.number(2)?,
            0xc6 | 0xdb => self.number(4)?,
            _ => return Err(EncryptionError::Format),
        };
        self.take(length)
    }

    /// A symbol of one or two letters, longer ones no header has.
    fn symbol(&mut self) -> Result<&'a [u8], EncryptionError> {
        let length = match (self.byte()?, self.byte()?) {
            (0xd4, 0) => 1,
            (0xd5, 0) => 2,
            _ => return Err(EncryptionError::Format),
        };
        self.take(length)
    }

    fn number(&mut self, bytes: usize) -> Result<usize, EncryptionError> {
        let bytes = self.take(bytes)?;
        Ok(bytes
            .iter()
            .fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    fn byte(&mut self) -> Result<u8, EncryptionError> {
        self.take(1)?
            .first()
            .copied()
            .ok_or(EncryptionError::Truncated)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], EncryptionError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(EncryptionError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests;
