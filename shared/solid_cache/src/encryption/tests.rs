use std::sync::LazyLock;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use sha2::Digest as _;

use super::*;

const OLDEST: &str = "the oldest primary key";
const NEWEST: &str = "the newest primary key";
const SALT: &str = "the salt";

/// No text in UTF-8.
const CLEAR: &[u8] = b"caf\xc3\xa9 \xff\x00";

static CIPHER: LazyLock<Cipher> = LazyLock::new(|| cipher(&[OLDEST, NEWEST]));

// What Active Record 7.2.3.2 writes with msgpack 1.8.0, the keys and the salt above and the IV 01 to 0c.

const TEXT: &str = "cc8082a170c408eb81b2f1eacc5734a16883d5006976c40c0102030405060708090a0b0cd5006174c4108299\
     856751239395a70d74f5ab871861d40065aa41534349492d38424954";
const EMPTY: &str = "cc8082a170c400a16883d5006976c40c0102030405060708090a0b0cd5006174c410548d7b07733824984606\
     0df4020cb12cd40065aa41534349492d38424954";
/// An entry of the cache: the text "hello", without expiry and version.
const ENTRY: &str = "cc8082a170c41488f1d63243eca8349ec515f59197e34619f7ac74a16883d5006976c40c010203040506070809\
     0a0b0cd5006174c410d131f87e1aa9d82e39d14ed55f5d5073d40065aa41534349492d38424954";
const BY_OLDEST: &str = "cc8082a170c4089779c9769e617d73a16883d5006976c40c0102030405060708090a0b0cd5006174c4104fc5\
     b982ab2fae3858338475814d42d8d40065aa41534349492d38424954";
const BY_ANOTHER_KEY: &str = "cc8082a170c4085070ac0102069337a16883d5006976c40c0102030405060708090a0b0cd5006174c410\
     83ccac98696f768b24ff8403e89c48edd40065aa41534349492d38424954";
const BY_SHA1: &str = "cc8082a170c40826c2fe5ae6b358b6a16883d5006976c40c0102030405060708090a0b0cd5006174c410e1ed88\
     15aed0fd3a62415b94207044f4d40065aa41534349492d38424954";
/// The text "café" as Ruby has it in UTF-8: without the header that says otherwise.
const UTF8: &str = "cc8082a170c405eb81b2f1eaa16882d5006976c40c0102030405060708090a0b0cd5006174c410b9214ef6da00bd\
     3b85f71b47c28d2f4c";
/// The payload is a string of text.
const EMPTY_UTF8: &str = "cc8082a170a0a16882d5006976c40c0102030405060708090a0b0cd5006174c410548d7b077338249846060d\
     f4020cb12c";
const WITH_KEY_REFERENCE: &str = "cc8082a170c408eb81b2f1eacc5734a16884d5006976c40c0102030405060708090a0b0cd50061\
     74c4108299856751239395a70d74f5ab871861d40065aa41534349492d38424954d40069a436643937";
const COMPRESSED: &str = "cc8082a170c40cf07c9f7e5ff2a8345c4ae1c3a16884d5006976c40c0102030405060708090a0b0cd5006174\
     c410ca66beee9c4e31a23f1a610f787055cfd40065aa41534349492d38424954d40063c3";
const ENVELOPED: &str = "cc8082a170c4082c26f6995e02ac4fa16884d5006976c40c0102030405060708090a0b0cd5006174c410a3d3\
     1614527ecf20158936f804c119b9d40065aa41534349492d38424954d4006b82a170c42019f37e331f2a560b\
     78de20f4d165fa8766f7014ba97eb9c828649381a1901cf8a16883d5006976c40c0102030405060708090a0b\
     0cd5006174c410e2473a189c35c164889cd4befa638bd6d40065aa41534349492d38424954";

/// SHA-256 of a message, by the length of its payload: each is the first or last of its packing.
const LONG: &[(usize, &str)] = &[
    (
        255,
        "a173dd5d1179205a39a5c2ed92ee00019b29689312e3d592aee194ca25a8f043",
    ),
    (
        256,
        "82f794671fa8da1e52abc4fffcefbfa7f562e7cf54d393fe7112a4212dc91a55",
    ),
    (
        65_535,
        "c5e62b2d1b74fe1209cb6914418dfda3b577ef7e644a016b057ee99dab6ac92c",
    ),
    (
        65_536,
        "94b30213031542ea1fe52391e315a7515fa845bc4f535e3c5e47a35c2de9dce4",
    ),
];

fn cipher(primary_keys: &[&str]) -> Cipher {
    let primary_keys: Vec<_> = primary_keys.iter().map(ToString::to_string).collect();
    Cipher::new(&primary_keys, SALT, KeyDigest::Sha256).unwrap()
}

fn unhex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn seal(cipher: &Cipher, clear: &[u8]) -> Vec<u8> {
    let iv = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    cipher.seal(clear, iv).unwrap()
}

fn decrypted(message: &str) -> Vec<u8> {
    CIPHER.decrypt(&unhex(message)).unwrap()
}

#[test]
fn messages_are_written_as_rails_writes_them() {
    assert_eq!(seal(&CIPHER, CLEAR), unhex(TEXT));
    assert_eq!(seal(&CIPHER, b""), unhex(EMPTY));
    for (length, digest) in LONG {
        let clear: Vec<u8> = (0..=250).cycle().take(*length).collect();
        let message = seal(&CIPHER, &clear);
        assert_eq!(Sha256::digest(&message).to_vec(), unhex(digest), "{length}");
        assert_eq!(CIPHER.decrypt(&message).unwrap(), clear, "{length}");
        assert!(message.len() <= length + OVERHEAD, "{length}");
    }
}

#[test]
fn messages_of_rails_are_read() {
    assert_eq!(decrypted(TEXT), CLEAR);
    assert_eq!(decrypted(EMPTY), b"");
    let entry = b"\x00\x11\x02\0\0\0\0\0\0\xf0\xbf\xff\xff\xff\xffhello";
    assert_eq!(decrypted(ENTRY), entry);
    assert_eq!(decrypted(UTF8), "café".as_bytes());
    assert_eq!(decrypted(EMPTY_UTF8), b"");
    assert_eq!(decrypted(WITH_KEY_REFERENCE), CLEAR);
}

#[test]
fn an_older_key_decrypts_and_the_newest_encrypts() {
    assert_eq!(decrypted(BY_OLDEST), CLEAR);
    let oldest = cipher(&[OLDEST]);
    assert_eq!(seal(&oldest, CLEAR), unhex(BY_OLDEST));
    let refused = oldest.decrypt(&unhex(TEXT));
    assert!(matches!(refused, Err(EncryptionError::Key)));
    let refused = CIPHER.decrypt(&unhex(BY_ANOTHER_KEY));
    assert!(matches!(refused, Err(EncryptionError::Key)));
}

#[test]
fn keys_of_older_applications_are_derived_with_sha1() {
    let cipher = Cipher::new(&[NEWEST.into()], SALT, KeyDigest::Sha1).unwrap();
    assert_eq!(seal(&cipher, CLEAR), unhex(BY_SHA1));
    assert_eq!(cipher.decrypt(&unhex(BY_SHA1)).unwrap(), CLEAR);
    let refused = CIPHER.decrypt(&unhex(BY_SHA1));
    assert!(matches!(refused, Err(EncryptionError::Key)));
}

#[test]
fn a_value_never_looks_the_same_twice() {
    let (one, other) = (
        CIPHER.encrypt(CLEAR).unwrap(),
        CIPHER.encrypt(CLEAR).unwrap(),
    );
    assert_ne!(one, other);
    assert_eq!(CIPHER.decrypt(&one).unwrap(), CLEAR);
    assert_eq!(CIPHER.decrypt(&other).unwrap(), CLEAR);
}

#[test]
fn other_settings_of_active_record_are_not_supported() {
    for message in [COMPRESSED, ENVELOPED] {
        let refused = CIPHER.decrypt(&unhex(message));
        assert!(matches!(refused, Err(EncryptionError::Foreign)));
    }
}

#[test]
fn an_unencrypted_value_is_not_read() {
    let entry = b"\x00\x11\x02\0\0\0\0\0\0\xf0\xbf\xff\xff\xff\xffhello";
    for stored in [&entry[..], b"", b"\x04\x08i\x06", b"1"] {
        let refused = CIPHER.decrypt(stored);
        assert!(matches!(refused, Err(EncryptionError::Format)));
    }
}

#[test]
fn a_message_that_is_cut_or_prolonged_is_not_read() {
    let whole = unhex(TEXT);
    for length in 0..whole.len() {
        assert!(CIPHER.decrypt(&whole[..length]).is_err(), "{length}");
    }
    let refused = CIPHER.decrypt(&[&whole[..], b"\x00"].concat());
    assert!(matches!(refused, Err(EncryptionError::Format)));
}

#[test]
fn a_length_beyond_the_end_is_refused() {
    for length in [
        &b"\xc4\xff"[..],
        b"\xc5\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xbf",
    ] {
        let refused = CIPHER.decrypt(&[SIGNATURE, PAYLOAD, length, b"x"].concat());
        assert!(matches!(refused, Err(EncryptionError::Truncated)));
    }
}

#[test]
fn an_iv_or_a_tag_of_another_length_is_refused() {
    let short = |header: &[u8], bytes: &[u8]| {
        let whole = unhex(TEXT);
        let at = whole.windows(header.len()).position(|it| it == header);
        let start = at.unwrap() + header.len();
        let length = usize::from(whole[start - 1]);
        [&whole[..start - 1], bytes, &whole[start + length..]].concat()
    };
    for (header, bytes) in [
        (
            &b"iv\xc4\x0c"[..],
            &b"\x08\x01\x02\x03\x04\x05\x06\x07\x08"[..],
        ),
        (b"at\xc4\x10", b"\x04\x82\x99\x85\x67"),
    ] {
        let refused = CIPHER.decrypt(&short(header, bytes));
        assert!(matches!(refused, Err(EncryptionError::Format)));
    }
}

/// Nothing proves the header that names the encoding, but it changes nothing here.
#[test]
fn a_changed_message_is_not_read_as_another_value() {
    let whole = unhex(TEXT);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            if let Ok(clear) = CIPHER.decrypt(&changed) {
                assert_eq!(clear, CLEAR, "{at}");
                assert!(at > whole.len() - ENCODING.len(), "{at}");
            }
        }
    }
}

#[test]
fn garbage_is_refused() {
    let mut random = SmallRng::seed_from_u64(7);
    for round in 0..50_000 {
        let kept = random.random_range(0..12);
        let mut garbage = unhex(&TEXT[..2 * kept]);
        let length = random.random_range(0..80);
        garbage.extend((0..length).map(|_| random.random::<u8>()));
        assert!(CIPHER.decrypt(&garbage).is_err(), "{round}: {garbage:?}");
    }
}

#[test]
fn without_a_key_or_a_salt_nothing_is_encrypted() {
    let missing = |primary_keys: &[String], salt| {
        let refused = Cipher::new(primary_keys, salt, KeyDigest::default());
        refused.unwrap_err().to_string()
    };
    let key = "active_record_encryption.primary_key is missing";
    assert_eq!(missing(&[], SALT), key);
    assert_eq!(missing(&[NEWEST.into(), " ".into()], SALT), key);
    let salt = "active_record_encryption.key_derivation_salt is missing";
    assert_eq!(missing(&[NEWEST.into()], ""), salt);
}

#[test]
fn no_secret_is_printed() {
    assert_eq!(format!("{:?}", *CIPHER), "Cipher { .. }");
}
