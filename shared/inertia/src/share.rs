use std::cell::RefCell;

use actix_web::HttpMessage;

use crate::Props;

#[derive(Default)]
struct Shared(RefCell<Props>);

/// Props that the page of this one request has too, for middlewares: who is logged in, for instance.
///
/// ```
/// use actix_web::body::MessageBody;
/// use actix_web::dev::{ServiceRequest, ServiceResponse};
/// use actix_web::middleware::Next;
/// use inertia::Props;
///
/// async fn current_user(
///     request: ServiceRequest,
///     next: Next<impl MessageBody>,
/// ) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
///     inertia::share(&request, Props::new().value("user", "ada"));
///     next.call(request).await
/// }
/// ```
pub fn share(request: &impl HttpMessage, props: Props) {
    let mut extensions = request.extensions_mut();
    if !extensions.contains::<Shared>() {
        extensions.insert(Shared::default());
    }
    if let Some(Shared(shared)) = extensions.get::<Shared>() {
        let before = shared.take();
        shared.replace(before.merge(props));
    }
}

pub(crate) fn take(request: &impl HttpMessage) -> Props {
    let extensions = request.extensions();
    extensions
        .get::<Shared>()
        .map_or_else(Props::new, |Shared(shared)| shared.take())
}
