//! The request and response headers of the protocol, in the spelling of HTTP/2.

/// Marks an Inertia request, and the JSON answer to it.
pub const INERTIA: &str = "x-inertia";
/// The version of the assets that the client runs on.
pub const VERSION: &str = "x-inertia-version";
/// With status 409: the address that the browser must load as a whole page.
pub const LOCATION: &str = "x-inertia-location";
/// With status 409: the address, with its fragment, that the client must visit.
pub const REDIRECT: &str = "x-inertia-redirect";
/// The component that a partial reload is for.
pub const PARTIAL_COMPONENT: &str = "x-inertia-partial-component";
/// The props that a partial reload wants, with commas between them.
pub const PARTIAL_DATA: &str = "x-inertia-partial-data";
/// The props that a partial reload does not want, with commas between them.
pub const PARTIAL_EXCEPT: &str = "x-inertia-partial-except";
/// The merged props that the client starts afresh, with commas between them.
pub const RESET: &str = "x-inertia-reset";
/// The bag that validation errors belong into, where a page has several forms.
pub const ERROR_BAG: &str = "x-inertia-error-bag";
/// The once props that the client still has, with commas between them.
pub const EXCEPT_ONCE_PROPS: &str = "x-inertia-except-once-props";
/// Whether an infinite scroll loads what comes after (`append`) or before (`prepend`).
pub const SCROLL_MERGE_INTENT: &str = "x-inertia-infinite-scroll-merge-intent";
/// `prefetch`: the client loads a page that nobody has asked for yet.
pub const PURPOSE: &str = "purpose";
/// Marks a request that only wants to know whether its fields are valid, and the answer to it.
pub const PRECOGNITION: &str = "precognition";
/// Marks the answer that all fields are valid.
pub const PRECOGNITION_SUCCESS: &str = "precognition-success";
/// The fields that the client wants to know about, with commas between them.
pub const PRECOGNITION_VALIDATE_ONLY: &str = "precognition-validate-only";
