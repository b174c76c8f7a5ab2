//! What every adapter does: one suite for all of them.

use std::collections::HashMap;

use action_cable::testing::broadcasts;
use action_cable::{BroadcastError, Cable, Stream};
use serde_json::{Value, json};

use crate::support::{File, Listening, soon, values};

async fn each(test: impl AsyncFn(Cable)) {
    test(Cable::in_process()).await;
    let file = File::new();
    test(Listening::to(file.database()).cable).await;
}

#[tokio::test]
async fn subscribers_of_the_stream_get_the_message() {
    each(async |cable| {
        let mut one = soon("the adapter", broadcasts(&cable, values("s"))).await;
        let mut two = broadcasts(&cable, values("s")).await;
        let mut other = broadcasts(&cable, values("S")).await;
        let stream = values("s");
        cable.broadcast(&stream, &json!({ "n": 1 })).await.unwrap();
        cable.broadcast(stream, &json!(null)).await.unwrap();
        for subscriber in [&mut one, &mut two] {
            assert_eq!(
                soon("a message", subscriber.next()).await,
                json!({ "n": 1 })
            );
            assert_eq!(soon("a message", subscriber.next()).await, json!(null));
        }
        assert!(other.received().is_empty());
    })
    .await;
}

#[tokio::test]
async fn messages_survive_unharmed() {
    each(async |cable| {
        let name = "ünï:☃ \"quoted\" \u{2028}";
        let mut subscriber = soon("the adapter", broadcasts(&cable, values(name))).await;
        for message in [
            json!({ "<b>&\u{2029}\u{1F980}": ["\u{0}", "\\", "\"", "\n"] }),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(0.1),
            json!("x".repeat(1024 * 1024)),
        ] {
            cable.broadcast(values(name), &message).await.unwrap();
            assert_eq!(soon("a message", subscriber.next()).await, message);
        }
    })
    .await;
}

#[tokio::test]
async fn concurrent_broadcasters_each_keep_their_order() {
    each(async |cable| {
        let mut subscriber = soon("the adapter", broadcasts(&cable, values("s"))).await;
        let broadcasters: Vec<_> = (0..8)
            .map(|broadcaster| {
                let cable = cable.clone();
                tokio::spawn(async move {
                    for number in 0..50 {
                        let message = json!([broadcaster, number]);
                        cable.broadcast(values("s"), &message).await.unwrap();
                    }
                })
            })
            .collect();
        let mut next: HashMap<u64, u64> = HashMap::new();
        for _ in 0..8 * 50 {
            let message = soon("a message", subscriber.next()).await;
            let [broadcaster, number] = [0, 1].map(|at| message[at].as_u64().unwrap());
            let expected = next.entry(broadcaster).or_default();
            assert_eq!(number, *expected, "of broadcaster {broadcaster}");
            *expected += 1;
        }
        for broadcaster in broadcasters {
            broadcaster.await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_gets_what_was_broadcast_before_or_after() {
    each(async |cable| {
        let mut witness = soon("the adapter", broadcasts(&cable, values("s"))).await;
        cable
            .broadcast(values("s"), &json!("before"))
            .await
            .unwrap();
        soon("a message", witness.next()).await;
        let mut subscriber = broadcasts(&cable, values("s")).await;
        cable.broadcast(values("s"), &json!("now")).await.unwrap();
        assert_eq!(soon("a message", subscriber.next()).await, json!("now"));
        drop(subscriber);
        drop(witness);
        cable.broadcast(values("s"), &json!("after")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_has_no_json_form_is_an_error() {
    each(async |cable| {
        let message = HashMap::from([(vec![1], Value::Null)]);
        let error = cable
            .broadcast(Stream::new("s"), &message)
            .await
            .unwrap_err();
        assert!(matches!(error, BroadcastError::Serialize { .. }));
        assert_eq!(
            error.to_string(),
            "could not serialize a message to the stream `s`"
        );
    })
    .await;
}
