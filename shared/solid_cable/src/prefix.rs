/// Keeps the streams of applications apart that share a table: a channel is `prefix:stream`, as Action Cable names it.
#[derive(Debug)]
pub(crate) struct Prefix(Option<String>);

impl Prefix {
    pub(crate) fn new(prefix: Option<&str>) -> Self {
        Self(prefix.map(|prefix| format!("{prefix}:")))
    }

    /// The channel of a stream.
    pub(crate) fn channel(&self, stream: &str) -> String {
        match &self.0 {
            Some(prefix) => format!("{prefix}{stream}"),
            None => stream.to_owned(),
        }
    }

    /// The stream of a channel; `None` when it is another application's.
    pub(crate) fn stream<'a>(&self, channel: &'a str) -> Option<&'a str> {
        match &self.0 {
            Some(prefix) => channel.strip_prefix(prefix.as_str()),
            None => Some(channel),
        }
    }
}
