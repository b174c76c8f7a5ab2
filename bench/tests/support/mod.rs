//! Runs a benchmark and looks at what it says.

use serde_json::Value;
use test_support::run;

pub(crate) async fn measured(benchmark: &str) -> Value {
    let ended = run("bench", &[benchmark, "--quick"], &Vec::new())
        .await
        .unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let result: Value = serde_json::from_str(&ended.stdout).unwrap();
    says_a_number(&result, "/machine/cores");
    result
}

#[track_caller]
pub(crate) fn says_a_number(result: &Value, pointer: &str) {
    let figure = result.pointer(pointer).and_then(Value::as_f64);
    assert!(figure.is_some(), "no number at {pointer}: {result:#}");
}
