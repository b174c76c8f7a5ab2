use http::{HeaderName, HeaderValue, Request};
use telemetry::RequestId;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static(telemetry::REQUEST_ID);

/// Gives the request a name for all logs on its way, and returns it: the one that it has, as far as Rails would take it,
/// or a random one.
pub(crate) fn name<B>(request: &mut Request<B>) -> HeaderValue {
    let headers = request.headers_mut();
    let sent = headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok());
    let id = RequestId::of(sent);
    // Such an id is always a good value.
    let id = HeaderValue::from_str(id.as_str()).unwrap_or(HeaderValue::from_static("-"));
    headers.insert(REQUEST_ID, id.clone());
    id
}

/// The name that the request was given.
pub(crate) fn of<B>(request: &Request<B>) -> HeaderValue {
    let id = request.headers().get(&REQUEST_ID);
    id.cloned().unwrap_or(HeaderValue::from_static("-"))
}
