//! Turbo Streams: a page of a Rails application names its streams with `turbo_stream_from`, signed, and this server
//! delivers what Rails broadcasts to them, without asking Ruby. Source: `turbo-rails` 2.0
//! (`turbo/streams_channel.rb`, `turbo/streams/stream_name.rb`).

use std::marker::PhantomData;

use serde::Deserialize;

use crate::auth::{Digest, KeyGenerator, MessageVerifier};
use crate::{Channel, NoActions, Rejected, Stream, Subscription};

/// Knows which stream names the Rails application signed.
#[derive(Clone, Debug)]
pub struct Verifier(MessageVerifier);

impl Verifier {
    /// With the key that Rails derives from its `secret_key_base`.
    pub fn new(keys: &KeyGenerator) -> Self {
        Self::with_key(keys.signing_key("turbo/signed_stream_verifier_key"))
    }

    /// With the application's `config.turbo.signed_stream_verifier_key`.
    pub fn with_key(key: impl Into<Vec<u8>>) -> Self {
        Self(MessageVerifier::new(key, Digest::Sha256))
    }

    /// The name of a stream, when it is signed.
    pub fn verified(&self, signed_stream_name: &str) -> Option<String> {
        verified(&self.0, signed_stream_name)
    }

    /// The name as a page needs it.
    pub fn signed(&self, stream: &str) -> serde_json::Result<String> {
        self.0.generate(stream)
    }
}

/// The name of a stream, when it is signed, for no purpose and not for a time that is over.
pub(crate) fn verified(verifier: &MessageVerifier, signed_stream_name: &str) -> Option<String> {
    let name = verifier.verify(signed_stream_name, None);
    name.inspect_err(|error| {
        tracing::debug!(error = %error, "the signed name of a stream does not count");
    })
    .ok()
}

/// `Turbo::StreamsChannel`, for the signed streams of any page. The application brings its [`Verifier`].
///
/// ```
/// use action_cable::auth::{Digest, KeyGenerator};
/// use action_cable::{Cable, Server, turbo};
///
/// #[derive(Clone)]
/// struct App(turbo::Verifier);
///
/// impl AsRef<turbo::Verifier> for App {
///     fn as_ref(&self) -> &turbo::Verifier {
///         &self.0
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let keys = KeyGenerator::new("Rails' secret_key_base", Digest::Sha256);
/// let server = Server::<_, ()>::builder(App(turbo::Verifier::new(&keys)), Cable::in_process())
///     .channel::<turbo::StreamsChannel<_, _>>()
///     .build();
/// # }
/// ```
pub struct StreamsChannel<A, I>(PhantomData<fn(A, I)>);

/// The parameters of a [`StreamsChannel`]. Turbo adds the `data` attributes of the page's element, which mean nothing
/// here.
#[derive(Debug, Deserialize)]
pub struct SignedStream {
    signed_stream_name: String,
}

impl<A, I> Channel for StreamsChannel<A, I>
where
    A: AsRef<Verifier> + Clone + Send + Sync + 'static,
    I: Clone + Send + Sync + 'static,
{
    const NAME: &'static str = "Turbo::StreamsChannel";
    type App = A;
    type Identity = I;
    type Params = SignedStream;
    type Action = NoActions;

    async fn subscribed(
        params: SignedStream,
        subscription: &mut Subscription<Self>,
    ) -> Result<Self, Rejected> {
        let verifier: &Verifier = subscription.app.as_ref();
        let name = verifier.verified(&params.signed_stream_name);
        subscription.stream_from(Stream::<String>::new(name.ok_or(Rejected)?));
        Ok(Self(PhantomData))
    }
}
