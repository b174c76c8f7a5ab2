use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Empty {}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Named {
    list: u32,
    to: Option<String>,
    nested: Vec<Inner>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    z: u8,
    a: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u32, String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct New(Vec<u32>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Transparent(i64);

fn assert_encoded<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(job: &T, text: &str) {
    assert_eq!(encode(job).unwrap(), text);
    assert_eq!(decode::<T>(text).unwrap(), *job);
}

#[test]
fn structs_become_arguments_and_back() {
    assert_encoded(&Unit, "[]");
    assert_encoded(&Empty {}, "[]");
    assert_encoded(&Pair(1, "x".into()), r#"[1,"x"]"#);
    assert_encoded(&New(vec![1, 2]), "[[1,2]]");
    assert_encoded(&Transparent(7), "[7]");
    let nested = vec![Inner { z: 1, a: 2 }];
    let named = Named {
        list: 1,
        to: None,
        nested,
    };
    let hash = r#"{"z":1,"a":2,"_aj_symbol_keys":[]}"#;
    assert_encoded(
        &named,
        &format!(
            r#"[{{"list":1,"to":null,"nested":[{hash}],"_aj_ruby2_keywords":["list","to","nested"]}}]"#
        ),
    );
}

#[test]
fn what_rails_writes_is_read() {
    let hash = r#"[{"list":5,"to":{"_aj_serialized":"ActiveJob::Serializers::SymbolSerializer","value":"x"},
        "nested":[],"_aj_symbol_keys":["list"]}]"#;
    let named: Named = decode(hash).unwrap();
    assert_eq!((named.list, named.to.as_deref()), (5, Some("x")));
    let record: (String,) = decode(r#"[{"_aj_globalid":"gid://app/Todo/1"}]"#).unwrap();
    assert_eq!(record.0, "gid://app/Todo/1");
    let duration = r#"[{"_aj_serialized":"ActiveJob::Serializers::DurationSerializer","value":300,"parts":[]}]"#;
    assert_eq!(decode::<Transparent>(duration).unwrap(), Transparent(300));
    let range = r#"[{"_aj_serialized":"ActiveJob::Serializers::RangeSerializer","z":1,"a":2}]"#;
    assert_eq!(decode::<Inner>(range).unwrap(), Inner { z: 1, a: 2 });
    assert_eq!(decode::<Inner>("[1,2]").unwrap(), Inner { z: 1, a: 2 });
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let error = |outcome: Result<Pair, serde_json::Error>| outcome.unwrap_err().to_string();
    assert!(error(decode("[1]")).contains("invalid length 1"));
    assert!(error(decode(r#"[1,"x",2]"#)).contains("invalid length 3"));
    let unit = decode::<Unit>("[1]").unwrap_err().to_string();
    assert_eq!(unit, "expected no arguments, got 1");
    let missing = decode::<Inner>("[]").unwrap_err().to_string();
    assert_eq!(missing, "missing field `z`");
}

#[test]
fn reserved_keys_and_enums_are_refused() {
    let reserved = serde_json::json!({ "_aj_globalid": 1 });
    let error = encode(&reserved).unwrap_err().to_string();
    assert_eq!(error, "the key `_aj_globalid` is reserved by Active Job");
    let error = encode(&Some(Ok::<u8, u8>(1))).unwrap_err().to_string();
    assert_eq!(error, "expected a struct, got an enum");
}

#[test]
fn every_payload_of_rails_survives_a_round_trip() {
    let dumps = [
        include_str!("../../tests/fixtures/queue_sample.sql"),
        include_str!("../../tests/fixtures/queue_enqueued_sample.sql"),
    ];
    let payloads = dumps
        .iter()
        .flat_map(|dump| dump.lines())
        .filter_map(|line| {
            let line = line.strip_prefix("INSERT INTO solid_queue_jobs VALUES(")?;
            Some(&line[line.find('{')?..=line.rfind('}')?])
        });
    let mut count = 0;
    for text in payloads {
        let payload = Payload::parse(text).unwrap();
        assert_eq!(payload.to_string(), text);
        decode::<serde_json::Value>(&format!("[{}]", payload.arguments())).unwrap();
        count += 1;
    }
    assert_eq!(count, 36);
}
