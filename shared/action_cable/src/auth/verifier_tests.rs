//! The tokens were signed by `activesupport`, those with `data` in the envelope of its version 7.1 and later by hand.

use super::*;
use crate::auth::KeyGenerator;

fn turbo() -> MessageVerifier {
    let keys = KeyGenerator::new("development_secret_key_base", Digest::Sha256);
    let key = keys.signing_key("turbo/signed_stream_verifier_key");
    MessageVerifier::new(key, Digest::Sha256)
}

/// What comes of a token, in one word or so.
fn outcome(verifier: &MessageVerifier, token: &str, purpose: Option<&str>) -> String {
    match verifier.verify::<String>(token, purpose) {
        Ok(message) => message,
        Err(InvalidMessage::Content(_)) => "content".into(),
        Err(error) => format!("{error:?}").to_lowercase(),
    }
}

#[test]
fn messages_of_rails() {
    for (token, purpose, expected) in [
        (
            "InJvb206MSI=--be59a8dd4fc0ad2f0be54fd43f44114bd364dbe17a76231b4b14166194a7e02f",
            None,
            "room:1",
        ),
        (
            "InJvb206MSI=--be59a8dd4fc0ad2f0be54fd43f44114bd364dbe17a76231b4b14166194a7e02f",
            Some("x"),
            "purpose",
        ),
        (
            "eyJfcmFpbHMiOnsibWVzc2FnZSI6IkluSnZiMjA2TVNJPSIsImV4cCI6bnVsbCwicHVyIjoieCJ9fQ==--275c6b3809e5e6a14fa74b9ef1df7f4dd27b9ff3543b07c460b4f116ed9bda5b",
            Some("x"),
            "room:1",
        ),
        (
            "eyJfcmFpbHMiOnsibWVzc2FnZSI6IkluSnZiMjA2TVNJPSIsImV4cCI6bnVsbCwicHVyIjoieCJ9fQ==--275c6b3809e5e6a14fa74b9ef1df7f4dd27b9ff3543b07c460b4f116ed9bda5b",
            None,
            "purpose",
        ),
        (
            "eyJfcmFpbHMiOnsibWVzc2FnZSI6IkluSnZiMjA2TVNJPSIsImV4cCI6IjIwMjAtMDEtMDFUMDA6MDA6MDAuMDAwWiIsInB1ciI6bnVsbH19--66d8f82611e9b3d8b1b269637befa36b47aa509798f6f9063406da34d0a2c993",
            None,
            "expired",
        ),
        (
            "eyJfcmFpbHMiOnsiZGF0YSI6InJvb206MSIsImV4cCI6IjI5OTktMDEtMDFUMDA6MDA6MDAuMDAwWiJ9fQ==--c62e18896c00acfe783c762504d3b147c3dc8b021dcbd4b3664d55a87aecc9d1",
            None,
            "room:1",
        ),
        (
            "eyJfcmFpbHMiOnsiZGF0YSI6InJvb206MSIsImV4cCI6IjIwMjAtMDEtMDFUMDA6MDA6MDAuMDAwWiJ9fQ==--da2df105fdb31a500b60a5063e69a81e78cdadee9df6a142bfca1be594025384",
            None,
            "expired",
        ),
        (
            "eyJhIjoxfQ==--631f9bd3687696c0679f31dc35f2d16530e11332fcbac0f0996a18002a55c51f",
            None,
            "content",
        ),
    ] {
        assert_eq!(outcome(&turbo(), token, purpose), expected, "{token}");
    }
}

#[test]
fn both_alphabets_of_base64() {
    for token in [
        "InJvb206Pz8-PjEi--f7ea37fbf492ac048625dc7c5f2fea01afac8406c24f81ebb5d93ecf5d8a30cf",
        "InJvb206Pz8+PjEi--2cbddb9c34a347d021f7b2b8e7c817cfff0e4c5ddff230263095deda4a26dfe3",
    ] {
        assert_eq!(outcome(&turbo(), token, None), "room:??>>1");
    }
}

#[test]
fn what_was_changed_or_cut_does_not_count() {
    let token = "InJvb206MSI=--be59a8dd4fc0ad2f0be54fd43f44114bd364dbe17a76231b4b14166194a7e02f";
    for (token, expected) in [
        ("", "malformed"),
        ("--", "signature"),
        ("InJvb206MSI=", "malformed"),
        ("InJvb206MSI=--", "signature"),
        ("InJvb206MSI=--be59", "signature"),
        ("InJvb206MSI=--nothex", "malformed"),
        (&token.to_uppercase(), "malformed"),
        (&token.replace("MSI", "MiI"), "signature"),
        (&token.replace("e02f", "e02e"), "signature"),
        (&token.replacen('=', "", 1), "signature"),
    ] {
        assert_eq!(outcome(&turbo(), token, None), expected, "{token}");
    }
    let other = MessageVerifier::new("other", Digest::Sha256);
    assert_eq!(outcome(&other, token, None), "signature");
    let sha1 = MessageVerifier::new("other", Digest::Sha1);
    assert_eq!(outcome(&sha1, token, None), "signature");
}

#[test]
fn what_is_generated_is_what_rails_generates() {
    let anycable = MessageVerifier::new("s3Krit", Digest::Sha256);
    assert_eq!(
        anycable.generate("chat:2021").unwrap(),
        "ImNoYXQ6MjAyMSI=--f9ee45dbccb1da04d8ceb99cc820207804370ba0d06b46fc3b8b373af1315628"
    );
    assert!(!format!("{anycable:?}").contains("115, 51"));
    let sha1 = MessageVerifier::new("s3Krit", Digest::Sha1);
    let token = sha1.generate("chat:2021").unwrap();
    assert_eq!(token.len(), "ImNoYXQ6MjAyMSI=--".len() + 40);
    assert_eq!(outcome(&sha1, &token, None), "chat:2021");
}
