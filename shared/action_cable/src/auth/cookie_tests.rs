//! The cookies were signed and encrypted by `activesupport` with the secret `development_secret_key_base`.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::*;

const SHA1: &str = "eyJfcmFpbHMiOnsibWVzc2FnZSI6Ik5EST0iLCJleHAiOm51bGwsInB1ciI6ImNvb2tpZS51c2VyX2lkIn19--7831c18801c0e27d0e72026ba039998d0d79f116";
const SHA256: &str = "eyJfcmFpbHMiOnsibWVzc2FnZSI6Ik5EST0iLCJleHAiOm51bGwsInB1ciI6ImNvb2tpZS51c2VyX2lkIn19--8d740a8940e3b4c3ccff6b40997f2ca0f3173530f07be383bbf68f3e98a3585f";
const OF_KEYS_BY_SHA1: &str = "eyJfcmFpbHMiOnsibWVzc2FnZSI6Ik5EST0iLCJleHAiOm51bGwsInB1ciI6ImNvb2tpZS51c2VyX2lkIn19--d44cd7c1f8cd6dcef9b3141311034a3aa6db9a6f";
const EXPIRED: &str = "eyJfcmFpbHMiOnsibWVzc2FnZSI6Ik5EST0iLCJleHAiOiIyMDIwLTAxLTAxVDAwOjAwOjAwLjAwMFoiLCJwdXIiOiJjb29raWUudXNlcl9pZCJ9fQ==--a9ccf9f2b5ea04e4446e25f75dc60fa9814c7ab9";
const FUTURE: &str = "eyJfcmFpbHMiOnsibWVzc2FnZSI6IkltakRxV3hzYnlJPSIsImV4cCI6IjI5OTktMDEtMDFUMDA6MDA6MDAuMDAwWiIsInB1ciI6ImNvb2tpZS51c2VyX2lkIn19--68cc5e784a0b451a4a3947a3f1562efd11354a14";
const WITHOUT_PURPOSE: &str = "NDI=--85fa47ded585d09d715fc031e63465c55f1f7a6f";
const ENCRYPTED: &str = "JP0Ow6ODpCwh3s4q0GzFBVRp+XlbXP6f1aXHHlSQlWHVbkoiLXgak6KcSR6Z/jWuwDLgvqyfZE/v3TgF5QlHQSrhFtgyqQWZPPD9iLzTfPkqcj/T0/tGuhfVnX0=--4WTuct7C+GhewhLC--8K4Xz4/J3ooSQzqD/bkzHw==";

fn cookies(digest: Digest) -> Cookies {
    Cookies::new(&KeyGenerator::new("development_secret_key_base", digest))
}

#[test]
fn signed_cookies() {
    for (digest, name, text, expected) in [
        (Digest::Sha256, "user_id", SHA1, Some(json!(42))),
        (Digest::Sha256, "user_id", SHA256, Some(json!(42))),
        (Digest::Sha256, "user_id", FUTURE, Some(json!("héllo"))),
        (Digest::Sha256, "user_id", WITHOUT_PURPOSE, Some(json!(42))),
        (Digest::Sha1, "user_id", OF_KEYS_BY_SHA1, Some(json!(42))),
        (Digest::Sha256, "user_id", OF_KEYS_BY_SHA1, None),
        (Digest::Sha256, "user_id", EXPIRED, None),
        (Digest::Sha256, "admin_id", SHA1, None),
        (Digest::Sha256, "user_id", "42", None),
    ] {
        let value = cookies(digest).verify::<Value>(name, text).ok();
        assert_eq!(value, expected, "{name} {text}");
    }
}

#[test]
fn encrypted_cookies() {
    let cookies = cookies(Digest::Sha256);
    let read = |name, text: &str| cookies.decrypt::<Value>(name, text).ok();
    let session = json!({ "session_id": "abc" });
    assert_eq!(read("_app_session", ENCRYPTED), Some(session));
    assert_eq!(read("other", ENCRYPTED), None);
    for broken in [
        "",
        "--",
        "----",
        "AAAA--AAAA--AAAA",
        "AAAA--AAAA",
        &ENCRYPTED[4..],
        &ENCRYPTED.replace("JP0O", "JP0P"),
        &ENCRYPTED.replace("4WTu", "4WTv"),
        &ENCRYPTED.replace("8K4X", "8K4Y"),
        &format!("{ENCRYPTED}--AAAA"),
    ] {
        assert_eq!(read("_app_session", broken), None, "{broken}");
    }
    assert!(!format!("{cookies:?}").contains('['));
}

#[test]
fn cookies_of_a_request() {
    let escaped = |text: &str| {
        text.replace('=', "%3D")
            .replace('+', "%2B")
            .replace('/', "%2F")
    };
    let header = format!(
        "a=1; user_id={}; _app_session={}",
        escaped(SHA1),
        escaped(ENCRYPTED)
    );
    let request = TestRequest::default()
        .insert_header(("Cookie", header))
        .to_http_request();
    let (request, cookies) = (UpgradeRequest(&request), cookies(Digest::Sha256));
    assert_eq!(request.signed_cookie("user_id", &cookies), Some(42));
    assert_eq!(request.signed_cookie::<Value>("a", &cookies), None);
    assert_eq!(request.signed_cookie::<Value>("none", &cookies), None);
    let session: Option<Value> = request.encrypted_cookie("_app_session", &cookies);
    assert_eq!(session, Some(json!({ "session_id": "abc" })));
}
