//! Logs, and spans for a collector of OpenTelemetry where the program was built for one.

use crate::commands::relay::LogFormat;
use std::io::IsTerminal;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt,
};

type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

/// What has to be said is said when this is dropped.
pub(crate) struct Telemetry {
    #[cfg(feature = "otel")]
    spans: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

/// Begins to log: as a service does, with times and more than warnings, or as a command.
pub(crate) fn begin(service: Option<LogFormat>, default: &str) -> Telemetry {
    let default = match (service, default) {
        (Some(_), "warn,tract_onnx=error") => "info",
        _ => default,
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines: Boxed = match service {
        None => lines.without_time().boxed(),
        Some(LogFormat::Text) => lines.boxed(),
        Some(LogFormat::Json) => lines.json().boxed(),
    };
    #[cfg(feature = "otel")]
    {
        let (layer, spans) = spans(service).unzip();
        let layers: Vec<Boxed> = std::iter::once(lines).chain(layer).collect();
        tracing_subscriber::registry()
            .with(layers.with_filter(filter))
            .init();
        Telemetry { spans }
    }
    #[cfg(not(feature = "otel"))]
    {
        tracing_subscriber::registry()
            .with(lines.with_filter(filter))
            .init();
        Telemetry {}
    }
}

/// A service's spans, if the environment names a collector as OpenTelemetry has it:
/// `OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:4318`.
#[cfg(feature = "otel")]
fn spans(
    service: Option<LogFormat>,
) -> Option<(Boxed, opentelemetry_sdk::trace::SdkTracerProvider)> {
    use opentelemetry::trace::TracerProvider;
    service?;
    std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .build()
        .ok()?;
    let resource = opentelemetry_sdk::Resource::builder()
        .with_service_name("verdict")
        .build();
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build();
    let tracer = provider.tracer("verdict");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer).boxed();
    Some((layer, provider))
}

#[cfg(feature = "otel")]
impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(spans) = self.spans.take() {
            // What cannot be handed over is lost, as it would be without a collector.
            let _ = spans.shutdown();
        }
    }
}
