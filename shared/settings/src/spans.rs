//! The variables of OpenTelemetry that say whether spans are exported, and where to.

use telemetry::Spans;

use crate::Environment;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

/// None where nobody wants spans.
///
/// # Errors
/// The variable that cannot be heeded, and what was expected.
pub(crate) fn read(environment: &Environment) -> Result<Option<Spans>, (&'static str, String)> {
    let is_off = environment.get("OTEL_SDK_DISABLED") == Some("true")
        || environment.get("OTEL_TRACES_EXPORTER") == Some("none");
    let (variable, endpoint) = match (environment.get(TRACES_ENDPOINT), environment.get(ENDPOINT)) {
        (Some(whole), _) => (TRACES_ENDPOINT, whole.to_owned()),
        (None, Some(base)) => (
            ENDPOINT,
            format!("{}/v1/traces", base.trim_end_matches('/')),
        ),
        (None, None) => return Ok(None),
    };
    if is_off {
        return Ok(None);
    }
    if !endpoint.starts_with("http://") {
        let expected = "expected an address such as http://127.0.0.1:4318 (a collector nearby, for TLS is not spoken)";
        return Err((variable, format!("{expected}, got `{endpoint}`")));
    }
    match environment.get(PROTOCOL) {
        None | Some("http/protobuf") => {}
        Some(other) => return Err((PROTOCOL, format!("expected http/protobuf, got `{other}`"))),
    }
    Ok(Some(Spans {
        endpoint,
        service_name: environment.get("OTEL_SERVICE_NAME").map(str::to_owned),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<String>, (&'static str, String)> {
        let environment = variables.iter().copied().collect();
        super::read(&environment).map(|spans| spans.map(|spans| spans.endpoint))
    }

    #[test]
    fn the_address_is_that_of_the_collector_for_spans() {
        let base = (ENDPOINT, "http://collector:4318/");
        let whole = (TRACES_ENDPOINT, "http://traces.example/in");
        assert_eq!(read(&[]), Ok(None));
        let expected = "http://collector:4318/v1/traces".to_owned();
        assert_eq!(read(&[base]), Ok(Some(expected)));
        assert_eq!(read(&[base, whole]), Ok(Some(whole.1.to_owned())));
        assert_eq!(read(&[base, ("OTEL_SDK_DISABLED", "true")]), Ok(None));
        assert_eq!(read(&[base, ("OTEL_TRACES_EXPORTER", "none")]), Ok(None));
    }

    #[test]
    fn what_cannot_be_heeded_is_refused() {
        let refused = |variables: &[_]| read(variables).unwrap_err().0;
        for endpoint in ["collector:4318", "https://collector:4318"] {
            assert_eq!(refused(&[(ENDPOINT, endpoint)]), ENDPOINT);
        }
        let grpc = [(ENDPOINT, "http://collector"), (PROTOCOL, "grpc")];
        assert_eq!(refused(&grpc), PROTOCOL);
    }
}
