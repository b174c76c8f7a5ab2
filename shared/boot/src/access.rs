use action_cable::auth::{Jwt, KeyGenerator, TokenPolicy};
use action_cable::http::{BroadcastKey, Broadcasts};
use action_cable::{Cable, pubsub, turbo};
use app::Access;
use settings::{Broadcast, Settings};

/// Who may connect to the cable, and to what.
pub(crate) fn access(settings: &Settings) -> Access {
    Access {
        tokens: tokens(&settings.cable.access),
        turbo: turbo_streams(settings),
        streams: streams(&settings.cable.access),
    }
}

fn tokens(access: &settings::Access) -> TokenPolicy {
    match &access.jwt_secret {
        None => TokenPolicy::Ignored,
        Some(secret) if access.enforce_jwt => TokenPolicy::Required(Jwt::new(secret.expose())),
        Some(secret) => TokenPolicy::Optional(Jwt::new(secret.expose())),
    }
}

fn turbo_streams(settings: &Settings) -> turbo::Verifier {
    match &settings.cable.access.turbo_streams_secret {
        Some(secret) => turbo::Verifier::with_key(secret.expose()),
        None => turbo::Verifier::new(&KeyGenerator::new(
            settings.secret_key_base.expose(),
            settings.cable.access.key_digest,
        )),
    }
}

fn streams(access: &settings::Access) -> pubsub::Streams {
    let mut streams = pubsub::Streams::default();
    if let Some(secret) = &access.streams_secret {
        streams = streams.signed_with(secret.expose());
    }
    if access.public_streams {
        streams = streams.public();
    }
    if access.streams_whisper {
        streams = streams.with_whispers();
    }
    streams
}

/// `POST /_broadcast`, where somebody may.
pub fn broadcasts(settings: &Settings, cable: Cable) -> Option<Broadcasts> {
    let key = match settings.cable.access.broadcast.as_ref()? {
        Broadcast::Key(key) => BroadcastKey::new(key.expose()),
        Broadcast::Derived(secret) => BroadcastKey::derived(secret.expose()),
    };
    Some(Broadcasts::new(cable, key).max_size(settings.cable.max_broadcast_size))
}
