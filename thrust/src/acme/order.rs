use instant_acme::{
    Account, AuthorizationStatus, ChallengeHandle, ChallengeType, Identifier, NewOrder, Order,
    OrderStatus,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::CertifiedKey;
use tokio::sync::Semaphore;

use super::account::Accounts;
use super::{AcmeError, Challenges, Pace};
use crate::tls::Certificates;

/// The ways to show that a domain is ours. The first needs no second port.
const WAYS: [(ChallengeType, &str); 2] = [
    (ChallengeType::TlsAlpn01, "tls-alpn-01"),
    (ChallengeType::Http01, "http-01"),
];

/// How often an order is begun anew that an old nonce broke off, without a wait.
const TRIES: usize = 5;

/// Gets certificates from the authority.
pub(super) struct Issuer {
    /// How many orders may be under way, so that a hundred domains do not come at once.
    pub(super) at_once: Semaphore,
    pub(super) accounts: Accounts,
    pub(super) certificates: Certificates,
    pub(super) challenges: Challenges,
    pub(super) pace: Pace,
}

/// Goes with the answer to a challenge, which is there as long.
type Answer = Box<dyn Send>;

enum Outcome {
    /// Key and chain, in PEM.
    Issued(String),
    Refused(String),
}

impl Issuer {
    /// Gets a certificate: its key and its chain, in PEM.
    pub(super) async fn issue(&self, domain: &str) -> Result<String, AcmeError> {
        // An error would say that it was closed, which nobody does.
        let _turn = self.at_once.acquire().await.ok();
        let after = self.pace.patience;
        let issued = tokio::time::timeout(after, self.issue_in_time(domain)).await;
        issued.map_err(|_| AcmeError::TooSlow { after })?
    }

    async fn issue_in_time(&self, domain: &str) -> Result<String, AcmeError> {
        let mut issued = self.log_in_and_issue(domain).await;
        for _ in 1..TRIES {
            match &issued {
                Err(error) if error.is_bad_nonce() => {}
                Err(error) if error.is_unknown_account() => self.accounts.forget().await?,
                _ => break,
            }
            issued = self.log_in_and_issue(domain).await;
        }
        issued
    }

    /// A failed check ends its order: each way has its own.
    async fn log_in_and_issue(&self, domain: &str) -> Result<String, AcmeError> {
        let account = self.accounts.get().await?;
        let mut reasons = Vec::new();
        for (way, name) in WAYS {
            match self.order(&account, domain, &way).await? {
                Outcome::Issued(pem) => return Ok(pem),
                Outcome::Refused(reason) => reasons.push(format!("{name}: {reason}")),
            }
        }
        let reasons = reasons.join("; ");
        Err(AcmeError::Refused { reasons })
    }

    async fn order(
        &self,
        account: &Account,
        domain: &str,
        way: &ChallengeType,
    ) -> Result<Outcome, AcmeError> {
        let identifiers = [Identifier::Dns(domain.to_owned())];
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
        let Some(answers) = self.answer(&mut order, domain, way).await? else {
            return Ok(Outcome::Refused("not offered".to_owned()));
        };
        let status = order.poll_ready(&self.pace.poll).await;
        drop(answers);
        match status {
            Ok(OrderStatus::Ready) => {}
            Err(instant_acme::Error::Api(problem))
                if order.state().status == OrderStatus::Invalid =>
            {
                return Ok(Outcome::Refused(problem.to_string()));
            }
            Ok(_) => return Ok(Outcome::Refused(reason(&mut order, way).await?)),
            Err(error) => return Err(error.into()),
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&self.pace.poll).await?;
        Ok(Outcome::Issued(key + &chain))
    }

    /// Answers what the authority asks; `None` if it does not offer this way.
    async fn answer(
        &self,
        order: &mut Order,
        domain: &str,
        way: &ChallengeType,
    ) -> Result<Option<Vec<Answer>>, AcmeError> {
        let mut answers = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            // The authority remembers that it checked the domain.
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let Some(mut challenge) = authorization.challenge(way.clone()) else {
                return Ok(None);
            };
            answers.push(self.hold(domain, &challenge)?);
            challenge.set_ready().await?;
        }
        Ok(Some(answers))
    }

    fn hold(&self, domain: &str, challenge: &ChallengeHandle<'_>) -> Result<Answer, AcmeError> {
        let answer = challenge.key_authorization();
        Ok(match challenge.r#type {
            ChallengeType::TlsAlpn01 => {
                let answer = certificate(domain, answer.digest().as_ref())?;
                Box::new(self.certificates.challenge(domain, answer))
            }
            _ => Box::new(
                self.challenges
                    .hold(domain, &challenge.token, answer.as_str()),
            ),
        })
    }
}

/// What the authority says it saw.
async fn reason(order: &mut Order, way: &ChallengeType) -> Result<String, AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let state = authorization.refresh().await?;
        let challenge = state
            .challenges
            .iter()
            .find(|challenge| challenge.r#type == *way);
        if let Some(problem) = challenge.and_then(|challenge| challenge.error.as_ref()) {
            return Ok(problem.to_string());
        }
    }
    Ok("for no reason it gave".to_owned())
}

/// The certificate of RFC 8737 that answers by TLS.
fn certificate(domain: &str, digest: &[u8]) -> Result<CertifiedKey, AcmeError> {
    let mut params = CertificateParams::new([domain.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let key = any_ecdsa_type(&key.into())?;
    // Not by `from_der`, which refuses the extension that all this is for.
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}
