use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::task_tracker::TaskTrackerToken;

#[cfg(feature = "http3")]
use super::http3;

/// Connections that may wait for a worker to take them over. Whoever finds no room serves the connection itself.
const ARRIVALS: usize = 256;

/// The workers and how many connections each has. Whichever wakes first accepts, so that without a look at these numbers
/// one of them could have most of the work.
#[derive(Clone)]
pub(super) struct Lanes(Arc<[Lane]>);

struct Lane {
    open: AtomicUsize,
    arrivals: Sender<Arrival>,
}

/// A connection, and whose it is to be.
pub(super) struct Arrival {
    pub(super) wire: Wire,
    pub(super) address: IpAddr,
    pub(super) seat: Seat,
    /// Lets nobody believe that all connections have ended while this one is on its way.
    pub(super) _on_its_way: TaskTrackerToken,
}

/// What a connection is made of.
pub(super) enum Wire {
    Tcp(std::net::TcpStream, Option<TlsAcceptor>),
    #[cfg(feature = "http3")]
    Quic(http3::Incoming),
}

/// A connection's place at a worker, until this is dropped.
pub(super) struct Seat {
    lanes: Lanes,
    worker: usize,
}

impl Lanes {
    /// One for each of `workers`, and what each hears of connections that others have accepted.
    pub(super) fn new(workers: usize) -> (Self, Vec<Receiver<Arrival>>) {
        let (lanes, receivers) = (0..workers)
            .map(|_| {
                let (arrivals, receiver) = channel(ARRIVALS);
                let open = AtomicUsize::new(0);
                (Lane { open, arrivals }, receiver)
            })
            .unzip::<_, _, Vec<_>, _>();
        (Self(lanes.into()), receivers)
    }

    /// A seat at the worker with the fewest connections: at `here` where no other has fewer.
    pub(super) fn seat(&self, here: usize) -> Seat {
        let open = |worker: &usize| {
            let is_elsewhere = *worker != here;
            (self.0[*worker].open.load(Ordering::Relaxed), is_elsewhere)
        };
        let fewest = (0..self.0.len()).min_by_key(open);
        self.seat_at(fewest.unwrap_or(here))
    }

    /// A seat at this worker.
    pub(super) fn seat_at(&self, worker: usize) -> Seat {
        self.0[worker].open.fetch_add(1, Ordering::Relaxed);
        Seat {
            lanes: self.clone(),
            worker,
        }
    }

    /// Hands a connection to the worker at which it has its seat, or back where that has no room or is gone.
    pub(super) fn hand_over(&self, arrival: Arrival) -> Result<(), Arrival> {
        let lane = &self.0[arrival.seat.worker];
        lane.arrivals
            .try_send(arrival)
            .map_err(|error| match error {
                TrySendError::Full(arrival) | TrySendError::Closed(arrival) => arrival,
            })
    }
}

impl Seat {
    pub(super) fn worker(&self) -> usize {
        self.worker
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.lanes.0[self.worker]
            .open
            .fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_with_the_fewest_connections_gets_the_next() {
        let (lanes, _receivers) = Lanes::new(2);
        let mut seats: Vec<_> = (0..6).map(|_| lanes.seat(0)).collect();
        let at: Vec<_> = seats.iter().map(Seat::worker).collect();
        assert_eq!(at, [0, 1, 0, 1, 0, 1]);
        seats.retain(|seat| seat.worker() == 0);
        let next: Vec<_> = (0..4).map(|_| lanes.seat(0)).collect();
        let at: Vec<_> = next.iter().map(Seat::worker).collect();
        assert_eq!(at, [1, 1, 1, 0]);
    }

    #[test]
    fn without_room_the_connection_stays() {
        let (lanes, receivers) = Lanes::new(2);
        drop(receivers);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let arrival = Arrival {
            address: stream.peer_addr().unwrap().ip(),
            wire: Wire::Tcp(stream, None),
            seat: lanes.seat_at(1),
            _on_its_way: tokio_util::task::TaskTracker::new().token(),
        };
        assert!(lanes.hand_over(arrival).is_err());
    }
}
