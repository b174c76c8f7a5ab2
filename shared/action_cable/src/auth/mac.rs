//! HMAC (RFC 2104) with keys of any length, and no error for a length that there is not.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The size of a block of both hash functions.
const BLOCK: usize = 64;

pub(crate) fn sha1(key: &[u8], text: &[u8]) -> Hmac<Sha1> {
    let mut mac = Hmac::new(&block(key, |key| Sha1::digest(key).to_vec()).into());
    mac.update(text);
    mac
}

pub(crate) fn sha256(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::new(&block(key, |key| Sha256::digest(key).to_vec()).into());
    mac.update(text);
    mac
}

/// The key as HMAC takes it: filled up with zeros, or hashed when it is too long.
fn block(key: &[u8], hash: impl Fn(&[u8]) -> Vec<u8>) -> [u8; BLOCK] {
    let hashed = (key.len() > BLOCK).then(|| hash(key));
    let key = hashed.as_deref().unwrap_or(key);
    let mut block = [0; BLOCK];
    block[..key.len()].copy_from_slice(key);
    block
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn keys_of_any_length() {
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        // RFC 4231, test case 6, and RFC 2202, test case 6.
        let mac = sha256(&[0xaa; 131], text).finalize().into_bytes();
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_eq!(HEXLOWER.encode(&mac), expected);
        let mac = sha1(&[0xaa; 80], text).finalize().into_bytes();
        let expected = "aa4ae5e15272d00e95705637ce8a3b55ed402112";
        assert_eq!(HEXLOWER.encode(&mac), expected);
        // RFC 4231, test case 2.
        let mac = sha256(b"Jefe", b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(HEXLOWER.encode(&mac.finalize().into_bytes()), expected);
    }
}
