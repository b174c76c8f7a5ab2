use crate::tls::{Held, Table, normal};

const FOLDER: &str = "/.well-known/acme-challenge/";

/// The answers to an authority that checks a domain by HTTP-01. A clone shares them.
#[derive(Clone, Default)]
pub(crate) struct Challenges {
    /// By token.
    answers: Table<Answer>,
}

#[derive(Clone)]
pub(super) struct Answer {
    domain: String,
    key_authorization: String,
}

impl Challenges {
    /// The body of the response to a GET of `path` from `host`, if an authority asks what we await. The host may come
    /// with a port.
    pub(crate) fn http01(&self, host: &str, path: &str) -> Option<String> {
        let answer = self.answers.get(path.strip_prefix(FOLDER)?)?;
        let domain = host.rsplit_once(':').map_or(host, |(domain, _)| domain);
        (answer.domain == normal(domain)).then_some(answer.key_authorization)
    }

    pub(super) fn hold(&self, domain: &str, token: &str, key_authorization: &str) -> Held<Answer> {
        let answer = Answer {
            domain: domain.to_owned(),
            key_authorization: key_authorization.to_owned(),
        };
        self.answers.hold(token, answer)
    }
}
