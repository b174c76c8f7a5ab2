use std::fmt;
use std::marker::PhantomData;

/// The name of a stream whose messages are `M`. One function that returns it serves both ends: the channel that
/// streams from it and the code that broadcasts to it.
pub struct Stream<M> {
    name: String,
    message: PhantomData<fn(M)>,
}

impl<M> Stream<M> {
    /// The stream of this name, which Rails calls a broadcasting.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: PhantomData,
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn into_name(self) -> String {
        self.name
    }
}

impl<M> Clone for Stream<M> {
    fn clone(&self) -> Self {
        Self::new(self.name.clone())
    }
}

impl<M> fmt::Debug for Stream<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").field(&self.name).finish()
    }
}
