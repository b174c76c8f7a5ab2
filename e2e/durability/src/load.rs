//! Visitors who create todos, and know which were taken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use test_support::{Suite, wait_until};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a visitor who was refused waits before the next try.
const PAUSE: Duration = Duration::from_millis(20);

/// Visitors at work.
pub(crate) struct Load {
    acks: Arc<Mutex<Acks>>,
    stop: watch::Sender<bool>,
    visitors: Vec<JoinHandle<()>>,
}

/// What the visitors were told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acks {
    /// The titles that were taken, in the order of the answers.
    pub(crate) taken: Vec<String>,
    /// Answers that were no 303, by their status; 0 for none at all.
    pub(crate) refused: BTreeMap<u16, usize>,
}

impl Load {
    /// So many visitors of the suite.
    pub(crate) async fn start(suite: &Suite, visitors: usize) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let acks = Arc::<Mutex<Acks>>::default();
        let mut tasks = Vec::new();
        for name in 0..visitors {
            let browser = suite.browser().await?;
            let (acks, stopped) = (Arc::clone(&acks), stopped.clone());
            tasks.push(tokio::spawn(async move {
                for number in 0.. {
                    if *stopped.borrow() {
                        break;
                    }
                    let title = format!("todo {name}-{number}");
                    let status = match browser.create(&title).await {
                        Ok(response) => response.status().as_u16(),
                        Err(_) => 0,
                    };
                    lock(&acks).note(title, status);
                    if status != 303 {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }));
        }
        Ok(Self {
            acks,
            stop,
            visitors: tasks,
        })
    }

    /// Waits until so many more were taken than now.
    pub(crate) async fn more(&self, todos: usize) {
        let before = lock(&self.acks).taken.len();
        // One after the other: all of them may take long.
        for more in 1..=todos {
            wait_until("a todo to be taken", || async {
                lock(&self.acks).taken.len() >= before + more
            })
            .await;
        }
    }

    /// Waits until somebody is refused with this status.
    pub(crate) async fn refused(&self, status: u16) {
        wait_until(&format!("an answer {status}"), || async {
            self.acks().refused.contains_key(&status)
        })
        .await;
    }

    /// What the visitors were told so far.
    pub(crate) fn acks(&self) -> Acks {
        lock(&self.acks).clone()
    }

    /// Waits for the last answers.
    pub(crate) async fn stop(self) -> Result<Acks> {
        self.stop.send_replace(true);
        for visitor in self.visitors {
            visitor.await?;
        }
        Ok(lock(&self.acks).clone())
    }
}

impl Acks {
    fn note(&mut self, title: String, status: u16) {
        if status == 303 {
            self.taken.push(title);
        } else {
            *self.refused.entry(status).or_default() += 1;
        }
    }
}

fn lock(acks: &Mutex<Acks>) -> std::sync::MutexGuard<'_, Acks> {
    acks.lock().unwrap_or_else(PoisonError::into_inner)
}
