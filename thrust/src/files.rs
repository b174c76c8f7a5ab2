//! Files as answers: found below a root only, whole or in part, precompressed where there is such a one.

mod answer;
mod roots;

pub(crate) use answer::{Asked, answer};
pub(crate) use roots::{Found, Roots};
