//! A stored response, in the form that came and in those that were made of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::metrics::{Outcome, X_CACHE};
use super::policy::{self, Freshness};
use super::vary::Selection;
use crate::encoding::{self, Encoding};

/// Headers of one connection (RFC 9110, 7.6.1), and those that are set anew for each answer.
const NOT_STORED: [HeaderName; 10] = [
    header::AGE,
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What a 304 says of these is about itself, or not to be believed (RFC 9111, 3.2).
const NOT_REFRESHED: [HeaderName; 4] = [
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
];

/// Headers and body as they are sent. `Age` and `X-Cache` are there already, to be overwritten in place.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// An encoded form.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Missing,
    /// It would not be smaller.
    Useless,
    Ready(Arc<Form>),
}

/// A stored response. It never changes: a changed one takes its place.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) selection: Selection,
    pub(super) status: StatusCode,
    pub(super) freshness: Freshness,
    pub(super) plain: Arc<Form>,
    pub(super) is_compressible: bool,
    encoded: [Slot; 3],
    /// Which encodings somebody is making. It is shared by all entries of the same body, and tells them from others.
    claims: Arc<[AtomicBool; 3]>,
    used: AtomicU64,
}

impl Entry {
    pub(super) fn new(
        selection: Selection,
        freshness: Freshness,
        status: StatusCode,
        headers: &HeaderMap,
        body: Bytes,
        may_compress: bool,
    ) -> Self {
        let is_compressible =
            may_compress && encoding::is_compressible(status, headers, Some(body.len() as u64));
        Self {
            selection,
            status,
            freshness,
            plain: Arc::new(Form::plain(headers.clone(), body, status, is_compressible)),
            is_compressible,
            encoded: [Slot::Missing, Slot::Missing, Slot::Missing],
            claims: Arc::default(),
            used: AtomicU64::new(0),
        }
    }

    pub(super) fn slot(&self, encoding: Encoding) -> &Slot {
        &self.encoded[encoding as usize]
    }

    /// Whether the caller is the one to make this encoding.
    pub(super) fn claim(&self, encoding: Encoding) -> bool {
        !self.claims[encoding as usize].swap(true, Ordering::Relaxed)
    }

    pub(super) fn has_same_body(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.claims, &other.claims)
    }

    /// The same with an encoded form.
    pub(super) fn with(&self, encoding: Encoding, encoded: Bytes) -> Self {
        let mut entry = self.again();
        entry.encoded[encoding as usize] = if encoded.len() < self.plain.body.len() {
            Slot::Ready(Arc::new(self.plain.encoded(encoding, encoded)))
        } else {
            Slot::Useless
        };
        entry
    }

    /// The same with the headers of a 304 (RFC 9111, 4.3.4). Without freshness, if it may not be stored any more.
    pub(super) fn refreshed(&self, news: &HeaderMap, delay: Duration) -> (Self, Option<Freshness>) {
        let mut headers = self.plain.headers.clone();
        for name in news.keys().filter(|name| !NOT_REFRESHED.contains(name)) {
            headers.remove(name);
            for value in news.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        if !news.contains_key(header::DATE) {
            headers.remove(header::DATE);
        }
        let freshness = policy::freshness(self.status, &headers, delay);
        let mut entry = self.again();
        let plain = Form::plain(
            headers,
            self.plain.body.clone(),
            self.status,
            self.is_compressible,
        );
        entry.encoded = Encoding::ALL.map(|encoding| match self.slot(encoding) {
            Slot::Ready(form) => Slot::Ready(Arc::new(plain.encoded(encoding, form.body.clone()))),
            slot => slot.clone(),
        });
        entry.plain = Arc::new(plain);
        entry.freshness = freshness.unwrap_or(self.freshness);
        (entry, freshness)
    }

    fn again(&self) -> Self {
        Self {
            selection: self.selection.clone(),
            status: self.status,
            freshness: self.freshness,
            plain: Arc::clone(&self.plain),
            is_compressible: self.is_compressible,
            encoded: self.encoded.clone(),
            claims: Arc::clone(&self.claims),
            used: AtomicU64::new(self.used()),
        }
    }

    pub(super) fn touch(&self, time: u64) {
        self.used.store(time, Ordering::Relaxed);
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// The bytes it takes, about.
    pub(super) fn weight(&self) -> usize {
        let encoded = self.encoded.iter().map(|slot| match slot {
            Slot::Ready(form) => form.weight(),
            Slot::Missing | Slot::Useless => 0,
        });
        size_of::<Self>() + self.selection.weight() + self.plain.weight() + encoded.sum::<usize>()
    }
}

impl Form {
    fn plain(
        mut headers: HeaderMap,
        body: Bytes,
        status: StatusCode,
        is_compressible: bool,
    ) -> Self {
        for name in &NOT_STORED {
            headers.remove(name);
        }
        if !headers.contains_key(header::DATE) {
            // Else one would be added to each answer, and the age counts from it.
            let now = httpdate::fmt_http_date(SystemTime::now());
            if let Ok(now) = HeaderValue::try_from(now) {
                headers.insert(header::DATE, now);
            }
        }
        if is_compressible {
            encoding::add_vary(&mut headers, "Accept-Encoding");
        }
        if status == StatusCode::OK {
            headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        }
        Self::of(unshare(&headers), body, status)
    }

    fn encoded(&self, encoding: Encoding, body: Bytes) -> Self {
        let mut headers = self.headers.clone();
        encoding::describe(&mut headers, encoding);
        Self::of(headers, body, StatusCode::OK)
    }

    fn of(mut headers: HeaderMap, body: Bytes, status: StatusCode) -> Self {
        if status != StatusCode::NO_CONTENT {
            encoding::set_length(&mut headers, body.len());
        }
        headers.insert(header::AGE, HeaderValue::from_static("0"));
        headers.insert(X_CACHE, Outcome::Hit.value());
        Self { headers, body }
    }

    fn weight(&self) -> usize {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 80);
        size_of::<Self>() + self.body.len() + headers.sum::<usize>()
    }
}

/// Values are slices of the buffer that the response was read into, and would keep all of that.
fn unshare(headers: &HeaderMap) -> HeaderMap {
    let values: Vec<u8> = headers
        .values()
        .flat_map(HeaderValue::as_bytes)
        .copied()
        .collect();
    let mut values = Bytes::from(values.into_boxed_slice());
    let mut unshared = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        let copy = HeaderValue::from_maybe_shared(values.split_to(value.len()));
        unshared.append(name, copy.unwrap_or_else(|_| value.clone()));
    }
    unshared
}
