use std::fmt;
use std::marker::PhantomData;

use crate::Channel;

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

    /// The stream of a channel for one thing, as Rails' `stream_for`: of `Chats::RoomChannel` and `["lobby"]` it is
    /// `chats:room:lobby`. A Rails application names a record by its global id, in URL-safe Base64 without padding.
    pub fn of<C: Channel>(parts: &[&str]) -> Self {
        let mut name = channel_name(C::NAME);
        for part in parts {
            name.push(':');
            name.push_str(part);
        }
        Self::new(name)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn into_name(self) -> String {
        self.name
    }
}

/// A class's name as Rails writes it in streams: underscored, without `Channel`, `:` between its modules.
fn channel_name(class: &str) -> String {
    let class = class.strip_suffix("Channel").unwrap_or(class);
    let modules = class.split("::").map(underscore);
    modules.collect::<Vec<_>>().join(":")
}

fn underscore(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after_small = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let ends_acronym = before.is_some_and(char::is_ascii_uppercase)
            && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && (after_small || ends_acronym) {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
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

#[cfg(test)]
mod tests {
    use super::channel_name;

    #[test]
    fn channels_are_named_as_rails_names_them() {
        for (class, name) in [
            ("ChatChannel", "chat"),
            ("Chats::AppearancesChannel", "chats:appearances"),
            (
                "FooChats::BarAppearancesChannel",
                "foo_chats:bar_appearances",
            ),
            ("HTMLPageChannel", "html_page"),
            ("Room2Channel", "room2"),
            ("TodoList", "todo_list"),
        ] {
            assert_eq!(channel_name(class), name);
        }
    }
}
