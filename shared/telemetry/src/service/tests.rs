use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use super::sockets::Sockets;
use super::watchdog::ping;
use super::*;

/// Longer than any loop of a test is silent by accident, and the wait for a blocked one.
const PATIENCE: Duration = Duration::from_millis(500);

/// A service whose messages come out of the channel.
fn service(watchdog: Duration) -> (Service, mpsc::Receiver<String>) {
    let (said, messages) = mpsc::channel();
    let messages_to = Messages::to(move |message| drop(said.send(message.to_owned())));
    let service = Service {
        manager: Some(Arc::new(Manager::new(messages_to, Some(watchdog)))),
        ..Service::default()
    };
    (service, messages)
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain: {what}");
}

#[tokio::test]
async fn ready_waits_for_every_loop() {
    let (service, said) = service(Duration::from_mins(1));
    let (first, second) = (service.beat("first"), service.beat("second"));
    first.moved();
    let waiting = tokio::spawn({
        let service = service.clone();
        async move { service.ready("serving").await }
    });
    for _ in 0..5 {
        tokio::time::sleep(LOOK).await;
    }
    assert!(said.try_recv().is_err(), "one has not moved yet");
    second.moved();
    waiting.await.unwrap().unwrap();
    assert_eq!(said.recv().unwrap(), "READY=1");
    assert_eq!(said.recv().unwrap(), "STATUS=serving");
    assert_eq!(said.recv().unwrap(), "WATCHDOG=1");
}

#[test]
fn one_blocked_loop_of_two_stops_the_pings() {
    let (service, said) = service(PATIENCE * 8);
    let (block, blocked) = mpsc::channel::<()>();
    let free = runtime("free", service.beat("free"), None);
    let stuck = runtime("stuck", service.beat("stuck"), Some(blocked));
    let manager = service.manager.as_ref().unwrap();
    until("the blocked loop is noticed", || {
        manager.loops.hung(PATIENCE * 2).is_some()
    });
    assert_eq!(manager.loops.hung(PATIENCE * 2).unwrap().name, "stuck");
    assert!(!ping(manager, PATIENCE * 2, false));
    assert_eq!(said.recv().unwrap(), "STATUS=stuck hangs");
    assert!(
        said.try_recv().is_err(),
        "a ping in spite of a blocked loop"
    );

    // It moves again.
    drop(block);
    until("a ping, as all loops move", || {
        ping(manager, PATIENCE * 2, true)
    });
    assert_eq!(said.recv().unwrap(), "STATUS=serving");
    assert_eq!(said.recv().unwrap(), "WATCHDOG=1");
    drop((free, stuck));
}

/// An event loop on a thread of its own that blocks, once it moved, until `blocked` is closed.
fn runtime(
    name: &str,
    beat: Beat,
    blocked: Option<mpsc::Receiver<()>>,
) -> std::thread::JoinHandle<()> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    let work = async move {
        let beating = tokio::spawn(beat.keep());
        tokio::task::yield_now().await;
        if let Some(blocked) = blocked {
            let _ = blocked.recv();
        }
        let _ = beating.await;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    thread.spawn(move || runtime.block_on(work)).unwrap()
}

#[test]
fn a_loop_that_ends_is_not_waited_for_but_one_that_panics_is() {
    let (service, _said) = service(Duration::from_mins(1));
    let loops = &service.manager.as_ref().unwrap().loops;
    drop(service.beat("ended"));
    assert!(loops.hung(Duration::ZERO).is_none());
    let beat = service.beat("panicked");
    let panicked = std::thread::spawn(move || {
        let _beat = beat;
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    assert!(panicked.join().is_err());
    until("the loop that panicked is noticed", || {
        loops.hung(Duration::ZERO).is_some()
    });
}

#[test]
fn work_may_tell_its_silence_itself() {
    let (service, _said) = service(Duration::from_mins(1));
    service.watch("listener", || Duration::from_secs(40));
    let loops = &service.manager.as_ref().unwrap().loops;
    assert!(loops.have_all_moved());
    assert!(loops.hung(Duration::from_secs(41)).is_none());
    assert_eq!(
        loops.hung(Duration::from_secs(39)).unwrap().name,
        "listener"
    );
}

#[test]
fn the_end_is_told() {
    let (service, said) = service(Duration::from_mins(1));
    service.stopping(Some(Duration::from_secs(8)));
    service.stopping(None);
    let said: Vec<String> = said.try_iter().collect();
    let start = [
        "STOPPING=1",
        "STATUS=stopping",
        "EXTEND_TIMEOUT_USEC=13000000",
    ];
    assert_eq!(said[..3], start);
    assert_eq!(said[3..], ["STOPPING=1", "STATUS=stopping"]);
}

#[tokio::test]
async fn without_a_service_manager_nothing_happens() {
    let service = Service::default();
    service.ready("serving").await.unwrap();
    service.stopping(None);
    let beat = service.beat("loop");
    beat.moved();
    assert!(!service.is_there() && service.pace().is_none());
    assert!(service.main_socket("web").unwrap().is_none());
}

fn passed(names: &[&str]) -> (Sockets, Vec<u16>) {
    let sockets = names.iter().map(|name| {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        ((*name).to_owned(), socket)
    });
    let sockets: Vec<_> = sockets.collect();
    let port = |(_, socket): &(String, TcpListener)| socket.local_addr().unwrap().port();
    let ports = sockets.iter().map(port).collect();
    (Sockets::with(sockets), ports)
}

fn port(socket: Option<TcpListener>) -> Option<u16> {
    socket.map(|socket| socket.local_addr().unwrap().port())
}

#[test]
fn sockets_are_taken_by_name_and_once() {
    let (mut sockets, ports) = passed(&["status", "http"]);
    assert_eq!(port(sockets.take("https").unwrap()), None);
    assert_eq!(port(sockets.take("status").unwrap()), Some(ports[0]));
    assert_eq!(port(sockets.take("status").unwrap()), None);
    assert_eq!(port(sockets.take_main("http").unwrap()), Some(ports[1]));
    assert_eq!(port(sockets.take_main("http").unwrap()), None);
}

#[test]
fn a_single_socket_is_the_main_one_whatever_its_name() {
    let (mut sockets, ports) = passed(&["some.socket"]);
    assert_eq!(port(sockets.take_main("web").unwrap()), Some(ports[0]));
}

#[test]
fn of_several_none_is_guessed() {
    let (mut sockets, _) = passed(&["one", "two"]);
    let failure = sockets.take_main("web").unwrap_err();
    assert_eq!(
        failure.to_string(),
        "error: expected a passed socket with the name `web`, got one, two\nhint: set FileDescriptorName=web in its socket unit"
    );
}

#[test]
fn children_are_told_nothing() {
    let mut child = Command::new("true");
    child.env("NOTIFY_SOCKET", "/run/x").env("PORT", "3000");
    forget_service(&mut child);
    let left: Vec<_> = child
        .get_envs()
        .filter(|(_, value)| value.is_some())
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
