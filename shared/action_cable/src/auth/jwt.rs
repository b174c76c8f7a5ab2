//! Tokens by which an application vouches for its clients, as AnyCable reads them: JSON Web Tokens (RFC 7519) signed
//! with HS256, whose claim `ext` identifies the client. Source: AnyCable 1.6 (`identity/jwt.go`).

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use hmac::Mac as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::mac;

/// Verifies tokens with the secret that the application signed them with.
#[derive(Clone)]
pub struct Jwt {
    secret: Vec<u8>,
}

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidToken {
    /// It is no JSON Web Token, or has no claim `ext` with a text.
    #[error("the text is no token that identifies a client")]
    Malformed,
    /// Its header names another algorithm than HS256.
    #[error("the token's algorithm is `{0}` and not HS256")]
    Algorithm(String),
    /// Nobody with this secret signed it.
    #[error("the signature is that of another token or secret")]
    Signature,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    TooEarly,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    ext: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
}

impl Jwt {
    /// A verifier with a secret.
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self {
            secret: secret.into(),
        }
    }

    /// The claim `ext` of a token: the identifiers of its bearer, as JSON.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn verify(&self, token: &str) -> Result<String, InvalidToken> {
        let (signed, signature) = token.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(InvalidToken::Malformed)?;
        let Header { alg } = part(header)?;
        // The header is not verified yet: it must not choose how it is.
        if alg != "HS256" {
            return Err(InvalidToken::Algorithm(alg));
        }
        self.check(signed, signature)?;
        let claims: Claims = part(claims)?;
        claims.check(now())?;
        claims.ext.ok_or(InvalidToken::Malformed)
    }

    /// Takes the same time wherever a wrong signature differs from the right one.
    fn check(&self, signed: &str, signature: &str) -> Result<(), InvalidToken> {
        let signature = BASE64URL_NOPAD
            .decode(signature.as_bytes())
            .map_err(|_| InvalidToken::Malformed)?;
        mac::sha256(&self.secret, signed.as_bytes())
            .verify_slice(&signature)
            .map_err(|_| InvalidToken::Signature)
    }
}

impl Claims {
    fn check(&self, now: f64) -> Result<(), InvalidToken> {
        if self.exp.is_some_and(|exp| exp <= now) {
            return Err(InvalidToken::Expired);
        }
        if self.nbf.is_some_and(|nbf| now < nbf) {
            return Err(InvalidToken::TooEarly);
        }
        Ok(())
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, InvalidToken> {
    let json = BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| InvalidToken::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| InvalidToken::Malformed)
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The claims `{"ext":"{\"user_id\":\"15\"}","exp":32503680000}`, signed by OpenSSL with the secret of
    /// AnyCable's own tests.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHQiOiJ7XCJ1c2VyX2lkXCI6XCIxNVwifSIsImV4cCI6MzI1MDM2ODAwMDB9.UzNZUxb9q4wBmoTOpuSh6cfWPzE7bLJTZRWlK8GRgQQ";
    const EXPIRED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHQiOiJ7XCJ1c2VyX2lkXCI6XCIxNVwifSIsImV4cCI6MTU3NzgzNjgwMH0.bDqO8no56GitpkECdXQI_7cSALC8G2mEaileY9XXDDE";
    const FOR_EVER: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHQiOiJ7XCJ1c2VyX2lkXCI6XCIxNVwifSJ9.pnENEFTDLUCjV8Y3BhDKTDEDCSJFRj2UqFmfAZ2c4-w";
    const OF_NOBODY: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjMyNTAzNjgwMDAwfQ.qrCwe6BUNuaEsuTOCpN93G2nBZisvY_KUBmsH3Pl3mE";
    const NO_ALGORITHM: &str = "eyJhbGciOiJub25lIn0.eyJleHQiOiJ7XCJ1c2VyX2lkXCI6XCIxNVwifSJ9.iWMVas08Xk220T2tS9ExzqiqBxBbAuvLxLelgjHa6ew";

    #[test]
    fn tokens_of_anycable() {
        let jwt = Jwt::new("ruby-to-go");
        for (token, expected) in [
            (TOKEN, r#"{"user_id":"15"}"#),
            (FOR_EVER, r#"{"user_id":"15"}"#),
            (EXPIRED, "Expired"),
            (OF_NOBODY, "Malformed"),
            (NO_ALGORITHM, r#"Algorithm("none")"#),
            (&TOKEN.replace("UzNZ", "UzNa"), "Signature"),
            (&TOKEN.replace("eyJleHQi", "eyJleHUi"), "Signature"),
            (&format!("{TOKEN}="), "Malformed"),
            ("secret-token-not-a-jwt-at-all", "Malformed"),
            ("a.b", "Malformed"),
            ("..", "Malformed"),
            ("", "Malformed"),
        ] {
            let told = jwt
                .verify(token)
                .unwrap_or_else(|error| format!("{error:?}"));
            assert_eq!(told, expected, "{token}");
        }
        let other = Jwt::new("not-a-valid-secret").verify(TOKEN);
        assert!(matches!(other, Err(InvalidToken::Signature)));
        assert_eq!(format!("{jwt:?}"), "Jwt { .. }");
    }

    #[test]
    fn the_time_of_a_token() {
        let at = |exp, nbf| {
            let claims = Claims {
                ext: None,
                exp,
                nbf,
            };
            claims
                .check(100.0)
                .map_err(|error| format!("{error:?}"))
                .err()
        };
        assert_eq!(at(None, None), None);
        assert_eq!(at(Some(100.5), Some(100.0)), None);
        assert_eq!(at(Some(100.0), None).as_deref(), Some("Expired"));
        assert_eq!(at(None, Some(100.5)).as_deref(), Some("TooEarly"));
    }
}
