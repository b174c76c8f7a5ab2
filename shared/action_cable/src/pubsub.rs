//! Streams without channels, as AnyCable has them: a client subscribes to a stream by its name, signed by the
//! application or, where that is allowed, as it is. Source: AnyCable 1.6 (`streams/controller.go`).

use std::marker::PhantomData;

use serde::Deserialize;

use crate::auth::{Digest, MessageVerifier};
use crate::{Channel, NoActions, Rejected, Stream, Subscription, remote, turbo};

/// Which streams clients may subscribe to by name. By default to none.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    verifier: Option<MessageVerifier>,
    public: bool,
    signed_whispers: bool,
}

impl Streams {
    /// Those whose names are signed with this secret: AnyCable's `streams_secret`.
    #[must_use]
    pub fn signed_with(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.verifier = Some(MessageVerifier::new(secret, Digest::Sha256));
        self
    }

    /// All of them, by anybody who may connect: AnyCable's `public_streams`.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// Lets the clients of signed streams whisper too, as those of public ones always may: AnyCable's `streams_whisper`.
    #[must_use]
    pub fn with_whispers(mut self) -> Self {
        self.signed_whispers = true;
        self
    }

    fn allowed(&self, params: Params) -> Option<Allowed> {
        match (params.signed_stream_name, params.stream_name) {
            (Some(signed), _) => Some(Allowed {
                name: turbo::verified(self.verifier.as_ref()?, &signed)?,
                whispers: self.signed_whispers,
            }),
            (None, Some(name)) if self.public && is_open(&name) => Some(Allowed {
                name,
                whispers: true,
            }),
            _ => None,
        }
    }
}

/// A stream that a client may subscribe to.
#[derive(Debug, PartialEq, Eq)]
struct Allowed {
    name: String,
    whispers: bool,
}

/// The server's own streams are open to nobody who cannot sign.
fn is_open(stream: &str) -> bool {
    !stream.is_empty() && !stream.starts_with(remote::PREFIX)
}

/// AnyCable's channel `$pubsub`. The application brings its [`Streams`].
pub struct PubSubChannel<A, I>(PhantomData<fn(A, I)>);

/// The parameters of a [`PubSubChannel`]: one of the two.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    signed_stream_name: Option<String>,
    stream_name: Option<String>,
}

impl<A, I> Channel for PubSubChannel<A, I>
where
    A: AsRef<Streams> + Clone + Send + Sync + 'static,
    I: Clone + Send + Sync + 'static,
{
    const NAME: &'static str = "$pubsub";
    type App = A;
    type Identity = I;
    type Params = Params;
    type Action = NoActions;

    async fn subscribed(
        params: Params,
        subscription: &mut Subscription<Self>,
    ) -> Result<Self, Rejected> {
        let streams: &Streams = subscription.app.as_ref();
        let Allowed { name, whispers } = streams.allowed(params).ok_or(Rejected)?;
        let stream = Stream::<serde_json::Value>::new(name);
        if whispers {
            subscription.allow_whispers(&stream);
        }
        subscription.allow_presence(&stream);
        subscription.stream_from(stream);
        Ok(Self(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str =
        "ImNoYXQ6MjAyMSI=--f9ee45dbccb1da04d8ceb99cc820207804370ba0d06b46fc3b8b373af1315628";

    fn allowed(streams: &Streams, params: &str) -> Option<String> {
        let allowed = streams.allowed(serde_json::from_str(params).unwrap())?;
        Some(allowed.name)
    }

    #[test]
    fn who_may_whisper() {
        let signed = Streams::default().signed_with("s3Krit");
        let by_signature = format!(r#"{{"signed_stream_name":"{SIGNED}"}}"#);
        let by_name = r#"{"stream_name":"chat:2021"}"#;
        for (streams, params, expected) in [
            (signed.clone(), &*by_signature, false),
            (signed.clone().with_whispers(), &*by_signature, true),
            (signed.public(), by_name, true),
        ] {
            let allowed = streams.allowed(serde_json::from_str(params).unwrap());
            assert_eq!(allowed.unwrap().whispers, expected, "{streams:?}");
        }
    }

    #[test]
    fn what_clients_may_subscribe_to() {
        let none = Streams::default();
        let signed = Streams::default().signed_with("s3Krit");
        let public = Streams::default().public();
        let by_signature = format!(r#"{{"signed_stream_name":"{SIGNED}"}}"#);
        let by_name = r#"{"stream_name":"chat:2021"}"#;
        let forged = format!(r#"{{"stream_name":"chat:2021","signed_stream_name":"{SIGNED}0"}}"#);
        for (streams, params, expected) in [
            (&none, &*by_signature, false),
            (&none, by_name, false),
            (&signed, &by_signature, true),
            (&signed, by_name, false),
            (&signed, &forged, false),
            (&signed, "{}", false),
            (&public, by_name, true),
            (&public, &by_signature, false),
            (&public, &forged, false),
            (&public, r#"{"stream_name":""}"#, false),
            (&public, r#"{"stream_name":"action_cable/1"}"#, false),
        ] {
            let expected = expected.then(|| "chat:2021".to_owned());
            assert_eq!(allowed(streams, params), expected, "{streams:?} {params}");
        }
    }

    #[test]
    fn a_signed_name_must_be_a_text() {
        let verifier = MessageVerifier::new("s3Krit", Digest::Sha256);
        let token = verifier.generate(&["chat:2021"]).unwrap();
        let params = format!(r#"{{"signed_stream_name":"{token}"}}"#);
        assert_eq!(
            allowed(&Streams::default().signed_with("s3Krit"), &params),
            None
        );
    }
}
