//! From props to values: which of them a request gets, and what the client is told about each.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::try_join_all;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::prop::{Merge, Once, Prop, When};
use super::source::{Json, PropError, Source};
use super::{Entry, Key, Props};
use crate::page::{Metadata, OnceProp, ScrollProp};
use crate::visit::Visit;

/// Values, in the order of their props.
#[derive(Debug, Default)]
pub(crate) struct Resolved(Vec<(Key, Node)>);

#[derive(Debug)]
enum Node {
    Json(Json),
    Nested(Resolved),
}

impl Resolved {
    pub(crate) fn json(&self, key: &str) -> Option<&str> {
        match self.0.iter().find(|(other, _)| other == key)? {
            (_, Node::Json(json)) => Some(json.get()),
            (_, Node::Nested(_)) => None,
        }
    }
}

impl Serialize for Resolved {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, node) in &self.0 {
            map.serialize_entry(key, node)?;
        }
        map.end()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(json) => json.serialize(serializer),
            Self::Nested(nested) => nested.serialize(serializer),
        }
    }
}

/// The values that `visit` gets, computed side by side.
pub(crate) async fn resolve(
    props: Props,
    visit: &Visit,
) -> Result<(Resolved, Metadata), PropError> {
    let mut metadata = Metadata::default();
    let plans = choose(props, "", visit, &mut metadata);
    let mut rescued = Vec::new();
    let values = compute(plans, visit).await?;
    let values = keep(values, &mut rescued);
    metadata.rescued_props = rescued;
    Ok((values, metadata))
}

/// A prop that the request gets.
struct Plan {
    key: Key,
    path: String,
    kind: PlanKind,
}

enum PlanKind {
    Prop { source: Source, rescue: bool },
    Nested(Vec<Plan>),
}

fn choose(props: Props, prefix: &str, visit: &Visit, metadata: &mut Metadata) -> Vec<Plan> {
    let mut plans = Vec::new();
    for (key, entry) in props.entries {
        let path = format!("{prefix}{key}");
        let kind = match entry {
            Entry::Prop(prop) => {
                describe(&prop, &path, visit, metadata);
                comes(&prop, &path, visit).then_some(PlanKind::Prop {
                    source: prop.source,
                    rescue: prop.rescue,
                })
            }
            Entry::Props(nested) => {
                let was_empty = nested.entries.is_empty();
                let nested = choose(nested, &format!("{path}."), visit, metadata);
                let stays = !nested.is_empty() || was_empty && visit.wants(&path);
                stays.then_some(PlanKind::Nested(nested))
            }
        };
        plans.extend(kind.map(|kind| Plan { key, path, kind }));
    }
    plans
}

fn comes(prop: &Prop, path: &str, visit: &Visit) -> bool {
    match prop.when {
        When::Always => true,
        _ if is_held(prop, path, visit) => false,
        When::Wanted => visit.wants(path),
        When::Partial => visit.is_partial() && visit.wants(path),
    }
}

/// Whether the client has the prop from an earlier page, and does not ask for it.
fn is_held(prop: &Prop, path: &str, visit: &Visit) -> bool {
    prop.once.as_ref().is_some_and(|once| {
        let key = once.key.as_deref().unwrap_or(path);
        !once.fresh && !visit.names(path) && visit.except_once.iter().any(|held| held == key)
    })
}

fn describe(prop: &Prop, path: &str, visit: &Visit, metadata: &mut Metadata) {
    if let Some(group) = &prop.group
        && !visit.is_partial()
        && !is_held(prop, path, visit)
    {
        let group = metadata.deferred_props.entry(group.clone()).or_default();
        group.push(path.to_owned());
    }
    if !visit.wants(path) {
        return;
    }
    describe_merge(prop, path, visit, metadata);
    if let Some(once) = &prop.once {
        describe_once(once, path, &mut metadata.once_props);
    }
}

fn describe_merge(prop: &Prop, path: &str, visit: &Visit, metadata: &mut Metadata) {
    let Some(merge) = &prop.merge else {
        return;
    };
    let reset = visit.reset.iter().any(|name| name == path);
    if let Some(page) = &prop.scroll
        && (prop.group.is_none() || visit.is_partial())
    {
        let page = page.clone();
        let scroll = ScrollProp { page, reset };
        metadata.scroll_props.insert(path.to_owned(), scroll);
    }
    // The client starts afresh: there is nothing to join.
    if reset {
        return;
    }
    let scrolls_back = prop.scroll.is_some() && visit.prepend;
    let Merge {
        deep,
        prepend,
        append_at,
        prepend_at,
    } = merge;
    let below = |name: &String| format!("{path}.{name}");
    let (append, prepended) = (&mut metadata.merge_props, &mut metadata.prepend_props);
    if *deep {
        metadata.deep_merge_props.push(path.to_owned());
    } else if append_at.is_empty() && prepend_at.is_empty() {
        let list = if *prepend || scrolls_back {
            prepended
        } else {
            append
        };
        list.push(path.to_owned());
    } else if scrolls_back {
        prepended.extend(append_at.iter().chain(prepend_at).map(below));
    } else {
        append.extend(append_at.iter().map(below));
        prepended.extend(prepend_at.iter().map(below));
    }
    metadata
        .match_props_on
        .extend(prop.match_on.iter().map(below));
}

fn describe_once(once: &Once, path: &str, onces: &mut BTreeMap<String, OnceProp>) {
    let key = once.key.clone().unwrap_or_else(|| path.to_owned());
    let described = OnceProp {
        prop: path.to_owned(),
        expires_at: once.expires_in.and_then(milliseconds_from_now),
    };
    onces.insert(key, described);
}

fn milliseconds_from_now(time: Duration) -> Option<u64> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since_epoch.checked_add(time)?.as_millis()).ok()
}

/// A value, or the path of a prop that failed and may.
enum Outcome {
    Json(Json),
    Nested(Vec<(Key, Outcome)>),
    Rescued(String),
}

type Outcomes<'a> = Pin<Box<dyn Future<Output = Result<Vec<(Key, Outcome)>, PropError>> + 'a>>;

fn compute(plans: Vec<Plan>, visit: &Visit) -> Outcomes<'_> {
    let outcomes = plans.into_iter().map(|Plan { key, path, kind }| async {
        let outcome = match kind {
            PlanKind::Nested(plans) => Outcome::Nested(compute(plans, visit).await?),
            PlanKind::Prop { source, rescue } => match value(source, &path, visit).await {
                Ok(json) => Outcome::Json(json),
                Err(error) if rescue => {
                    tracing::error!(prop = path, error = %error, "could not compute a prop: the page goes without");
                    Outcome::Rescued(path)
                }
                Err(error) => return Err(error),
            },
        };
        Ok((key, outcome))
    });
    Box::pin(try_join_all(outcomes))
}

async fn value(source: Source, path: &str, visit: &Visit) -> Result<Json, PropError> {
    let json = source.json().await?;
    if !visit.cuts(path) {
        return Ok(json);
    }
    let mut value = serde_json::from_str(json.get())?;
    cut(&mut value, path, visit);
    Ok(to_raw_value(&value)?)
}

/// Leaves of an object only what is wanted. Lists are wanted as a whole.
fn cut(value: &mut Value, path: &str, visit: &Visit) {
    let Value::Object(fields) = value else {
        return;
    };
    let below = |name: &str| format!("{path}.{name}");
    fields.retain(|name, _| visit.wants(&below(name)));
    for (name, field) in fields {
        cut(field, &below(name), visit);
    }
}

fn keep(outcomes: Vec<(Key, Outcome)>, rescued: &mut Vec<String>) -> Resolved {
    let mut values = Vec::with_capacity(outcomes.len());
    for (key, outcome) in outcomes {
        match outcome {
            Outcome::Json(json) => values.push((key, Node::Json(json))),
            Outcome::Nested(nested) => values.push((key, Node::Nested(keep(nested, rescued)))),
            Outcome::Rescued(path) => rescued.push(path),
        }
    }
    Resolved(values)
}
