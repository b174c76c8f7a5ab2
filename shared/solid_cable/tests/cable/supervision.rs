//! A listener that dies or hangs is started again, and goes on where it was.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use action_cable::testing::Broadcasts;
use action_cable::{Adapter as _, ListenerState};
use db::{Database, DatabaseConfig};
use serde_json::json;
use solid_cable::{Config, MIGRATIONS};

use crate::support::{File, Listening, soon, values};

/// Hangs after a moment.
fn impatient() -> Config {
    Config {
        hang_timeout: Duration::from_millis(100),
        ..Config::default()
    }
}

/// Has the next message of the stream wake this.
fn wake_by(stream: &mut Broadcasts, wake: Arc<impl Wake + Send + Sync + 'static>) {
    let waker = Waker::from(wake);
    let next = pin!(stream.next());
    assert!(next.poll(&mut Context::from_waker(&waker)).is_pending());
}

struct Panics(AtomicBool);

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
        panic!("a delivery that panics, for a test");
    }
}

#[tokio::test]
async fn a_delivery_that_panics_costs_no_other_message() {
    let file = File::new();
    let (listening, cable) = (Listening::to(file.database()), file.broadcaster());
    let mut stream = listening.follow("s").await;
    let mut witness = listening.follow("s").await;
    let panics = Arc::new(Panics(AtomicBool::new(false)));
    wake_by(&mut stream, Arc::clone(&panics));
    for number in 0..300 {
        let message = json!(number);
        cable.broadcast(values("s"), &message).await.unwrap();
    }
    for number in 0..300 {
        assert_eq!(soon("a message", stream.next()).await, json!(number));
    }
    assert!(panics.0.load(Ordering::Acquire));
    // The one that panicked may not have come to the others.
    let heard = witness.received();
    assert!(heard.ends_with(&(1..300).map(|n| json!(n)).collect::<Vec<_>>()));
    assert!(heard.len() <= 300);
    listening.becomes(ListenerState::Listening).await;
}

/// Blocks its thread until it is released.
struct Blocks {
    reached: Sender<()>,
    released: Mutex<Receiver<()>>,
}

impl Wake for Blocks {
    fn wake(self: Arc<Self>) {
        self.reached.send(()).unwrap();
        let _ = self.released.lock().unwrap().recv();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_delivery_that_hangs_holds_up_no_other_stream() {
    let file = File::new();
    let listening = Listening::with(file.database(), impatient());
    let cable = file.broadcaster();
    let mut stuck = listening.follow("stuck").await;
    let mut stream = listening.follow("s").await;
    let (reached, is_reached) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    wake_by(&mut stuck, Arc::new(Blocks { reached, released }));
    cable.broadcast(values("stuck"), &json!(0)).await.unwrap();
    tokio::task::block_in_place(|| is_reached.recv()).unwrap();
    for number in 0..200 {
        let message = json!(number);
        cable.broadcast(values("s"), &message).await.unwrap();
    }
    for number in 0..200 {
        assert_eq!(soon("a message", stream.next()).await, json!(number));
    }
    // The one that hung comes back, and is not needed any more.
    drop(release);
    cable.broadcast(values("stuck"), &json!(1)).await.unwrap();
    cable.broadcast(values("s"), &json!("last")).await.unwrap();
    for expected in 0..2 {
        assert_eq!(soon("a message", stuck.next()).await, json!(expected));
    }
    assert_eq!(soon("a message", stream.next()).await, json!("last"));
    assert!(stream.received().is_empty());
}

#[tokio::test]
async fn a_look_that_hangs_is_noticed_and_nothing_is_lost() {
    let file = File::new();
    let one = DatabaseConfig {
        pool: 1,
        ..file.config()
    };
    let database = Database::open(&one, MIGRATIONS).unwrap();
    let listening = Listening::with(database.clone(), impatient());
    let mut stream = listening.follow("s").await;
    let (taken, is_taken) = tokio::sync::oneshot::channel();
    let (release, released) = channel::<()>();
    // Its connection does not come back.
    let holder = tokio::spawn(async move {
        let hold = move |_: &mut db::SqliteConnection| {
            taken.send(()).unwrap();
            let _ = released.recv();
            Ok(())
        };
        database.read_long(hold).await.unwrap();
    });
    is_taken.await.unwrap();
    let cable = file.broadcaster();
    for number in 0..10 {
        let message = json!(number);
        cable.broadcast(values("s"), &message).await.unwrap();
    }
    listening.becomes(ListenerState::Failing).await;
    let since_poll = listening.solid_cable.listener().since_poll.unwrap();
    assert!(since_poll >= impatient().hang_timeout);
    drop(release);
    for number in 0..10 {
        assert_eq!(soon("a message", stream.next()).await, json!(number));
    }
    listening.becomes(ListenerState::Listening).await;
    assert!(stream.received().is_empty());
    holder.await.unwrap();
}
