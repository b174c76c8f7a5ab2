use std::sync::Arc;

use serde_json::value::RawValue;

use super::{Commands, Entry, Ignored};
use crate::Identify;
use crate::presence::Event;
use crate::protocol;
use crate::server::Shared;

impl<A, I> Commands<A, I>
where
    A: Clone + Send + Sync + 'static,
    I: Identify<A>,
{
    /// Makes the client present.
    pub(super) fn join(
        &mut self,
        identifier: &str,
        presence: &protocol::Presence<'_>,
    ) -> Result<(), Ignored> {
        let too_long = |id: &RawValue| {
            let info = presence.info.map_or(0, |info| info.get().len());
            id.get().len() + info > self.server.config.max_identifier_size
        };
        let id = presence.id.filter(|id| !too_long(id));
        let id = id.ok_or(self.no_presence())?;
        let server = Arc::clone(&self.server);
        let entry = self.entry(identifier)?;
        let stream = entry.presence_stream()?.to_owned();
        let sink = entry.subscription.sink();
        if entry
            .present_as
            .as_deref()
            .is_some_and(|other| other != id.get())
        {
            let error = Event::Error.to_json()?;
            sink.push(protocol::presence(&sink.identifier, &error));
            return Err(Ignored::OtherPresence);
        }
        let is_new = server
            .presence
            .join(&stream, id.get(), presence.info, sink.id);
        entry.present_as = Some(id.get().to_owned());
        if is_new {
            let info = presence.info;
            let event = Event::Join { id, info }.to_json()?;
            server.cable.hub().announce(&stream, &event);
        }
        Ok(())
    }

    /// The client is no longer present.
    pub(super) fn leave(&mut self, identifier: &str) -> Result<(), Ignored> {
        let server = Arc::clone(&self.server);
        let entry = self.entry(identifier)?;
        entry.presence_stream()?;
        entry.leave(&server);
        Ok(())
    }

    /// Tells the client who is present.
    pub(super) fn presence(&mut self, identifier: &str) -> Result<(), Ignored> {
        let server = Arc::clone(&self.server);
        let entry = self.entry(identifier)?;
        let info = server.presence.info(entry.presence_stream()?)?;
        let sink = entry.subscription.sink();
        sink.push(protocol::presence(&sink.identifier, &info));
        Ok(())
    }

    pub(super) fn no_presence(&self) -> Ignored {
        Ignored::NoPresence(self.server.config.max_identifier_size)
    }

    /// The client was cut off: unless it comes back soon, it is no longer present.
    pub(super) fn part(&mut self) {
        for entry in self.subscriptions.values_mut() {
            entry.part(&self.server);
        }
    }
}

impl Entry {
    /// Ends the subscription.
    pub(super) async fn end<A, I>(mut self, server: &Arc<Shared<A, I>>) {
        let presence = self.take_presence(server);
        self.subscription.unsubscribed().await;
        if let Some((stream, id, true)) = presence {
            forget(server, &stream, &id);
        }
    }

    fn presence_stream(&self) -> Result<&str, Ignored> {
        self.subscription.presence_of().ok_or(Ignored::NoStream)
    }

    fn leave<A, I>(&mut self, server: &Arc<Shared<A, I>>) {
        if let Some((stream, id, true)) = self.take_presence(server) {
            forget(server, &stream, &id);
        }
    }

    fn part<A, I>(&mut self, server: &Arc<Shared<A, I>>)
    where
        A: Send + Sync + 'static,
        I: Send + Sync + 'static,
    {
        if let Some((stream, id, true)) = self.take_presence(server) {
            let server = Arc::clone(server);
            tokio::spawn(async move {
                tokio::time::sleep(server.config.presence_ttl).await;
                forget(&server, &stream, &id);
            });
        }
    }

    /// Ends the presence. Returns its stream, its id and whether nobody else makes it present.
    fn take_presence<A, I>(&mut self, server: &Shared<A, I>) -> Option<(String, String, bool)> {
        let id = self.present_as.take()?;
        let stream = self.subscription.presence_of()?.to_owned();
        let sink = self.subscription.sink().id;
        let is_last = server.presence.part(&stream, &id, sink);
        Some((stream, id, is_last))
    }
}

fn forget<A, I>(server: &Shared<A, I>, stream: &str, id: &str) {
    if !server.presence.forget(stream, id) {
        return;
    }
    let event = serde_json::from_str(id).and_then(|id| Event::Leave { id }.to_json());
    match event {
        Ok(event) => server.cable.hub().announce(stream, &event),
        Err(error) => tracing::error!(error = %error, "could not tell who left"),
    }
}
