//! An adapter that takes a while until it hears what others say.

use std::sync::Arc;

use action_cable::{
    Adapter, AdapterError, BoxFuture, Cable, History, Hub, InProcess, ListenerStatus, Since,
};
use serde_json::json;
use tokio::sync::{Notify, watch};

use crate::support::{Client, Harness, quiet, soon};

/// Whoever broadcasts before it listens is not heard.
#[derive(Clone)]
struct Late {
    inner: Arc<InProcess>,
    listens: watch::Sender<bool>,
    is_awaited: Arc<Notify>,
}

impl Late {
    fn new() -> Self {
        Self {
            inner: Arc::default(),
            listens: watch::Sender::new(false),
            is_awaited: Arc::default(),
        }
    }

    /// Listens as soon as somebody waits for that.
    async fn listen(&self) {
        soon("somebody who waits", self.is_awaited.notified()).await;
        self.listens.send_replace(true);
    }
}

impl Adapter for Late {
    fn broadcast<'a>(
        &'a self,
        stream: &'a str,
        payload: String,
    ) -> BoxFuture<'a, Result<(), AdapterError>> {
        if *self.listens.borrow() {
            self.inner.broadcast(stream, payload)
        } else {
            Box::pin(async { Ok(()) })
        }
    }

    fn hub(&self) -> &Hub {
        self.inner.hub()
    }

    fn history<'a>(
        &'a self,
        stream: &'a str,
        since: Since,
    ) -> BoxFuture<'a, Result<History, AdapterError>> {
        self.inner.history(stream, since)
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let mut listens = self.listens.subscribe();
            self.is_awaited.notify_one();
            listens.wait_for(|listens| *listens).await.unwrap();
        })
    }

    fn listener(&self) -> ListenerStatus {
        self.inner.listener()
    }
}

#[tokio::test]
async fn who_is_welcomed_can_be_disconnected() {
    let late = Late::new();
    let harness = Harness::over(Cable::new(late.clone()), quiet());
    let origin = format!("http://{}", harness.address);
    let headers = [("Origin", &*origin)];
    let visit = async {
        let mut ann = Client::connect_with(harness.address, "/cable?as=ann", &headers)
            .await
            .unwrap();
        ann.expect(r#"{"type":"welcome"}"#).await;
        harness.cable.disconnect("ann", false).await.unwrap();
        ann.expect(r#"{"type":"disconnect","reason":"remote","reconnect":false}"#)
            .await;
    };
    tokio::join!(visit, late.listen());
}

#[tokio::test]
async fn who_is_confirmed_hears_all() {
    let late = Late::new();
    let harness = Harness::over(Cable::new(late.clone()), quiet());
    let room = r#"{"channel":"RoomChannel","room":1}"#;
    let visit = async {
        // Nobody can mean it, so it is welcome before.
        let mut anybody = harness.client().await;
        anybody.join(room).await;
        harness.broadcast("room:1", &json!("heard")).await;
        assert_eq!(anybody.next_json().await["message"], "heard");
    };
    tokio::join!(visit, late.listen());
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_it() {
    let harness = Harness::over(Cable::new(Late::new()), quiet());
    let origin = format!("http://{}", harness.address);
    let headers = [("Origin", &*origin)];
    let mut ann = Client::connect_with(harness.address, "/cable?as=ann", &headers)
        .await
        .unwrap();
    soon("the shutdown", harness.server.shutdown()).await;
    ann.expect(r#"{"type":"disconnect","reason":"server_restart","reconnect":true}"#)
        .await;
}
