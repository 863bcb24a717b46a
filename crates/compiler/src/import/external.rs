//! Constants whose bytes stand in another file: checked before anything of it is read.

use std::path::Path;

use tract_onnx::pb::{StringStringEntryProto, TensorProto};

/// The constant with the place of its bytes stated in full; the error says what is wrong with the
/// file beside the model at `path`, or with what the model says of it. The constant takes `bytes`.
pub(crate) fn located(
    path: &Path,
    proto: &TensorProto,
    bytes: usize,
) -> Result<TensorProto, String> {
    let entry = |key: &str| {
        let mut all = proto.external_data.iter();
        all.find(|entry| entry.key == key)
            .map(|entry| entry.value.as_str())
    };
    let number = |key: &str| {
        entry(key)
            .map(|value| {
                let invalid =
                    |_| format!("its {key} in another file is `{value}`, expected a number");
                value.parse::<usize>().map_err(invalid)
            })
            .transpose()
    };
    let location = entry("location").ok_or("the file that holds its bytes is not named")?;
    let inside = Path::new(location).components().all(|component| {
        use std::path::Component::{CurDir, Normal};
        matches!(component, Normal(_) | CurDir)
    });
    if !inside {
        return Err(format!(
            "its bytes are said to be in `{location}`, which is outside of the model's folder; put that file beside the model"
        ));
    }
    let file = path.parent().unwrap_or(Path::new("")).join(location);
    let found = std::fs::metadata(&file);
    let size = found.map(|found| found.len()).map_err(|error| {
        format!(
            "its bytes are said to be in `{location}` beside the model, which cannot be read ({error}); copy that file there as well"
        )
    })?;
    let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
    if let Some(length) = length.filter(|length| *length != bytes) {
        return Err(format!(
            "{length} bytes are said to be in `{location}`, expected {bytes}"
        ));
    }
    let end = offset.checked_add(bytes);
    if end.is_none_or(|end| end as u64 > size) {
        return Err(format!(
            "its {bytes} bytes are said to begin at {offset} in `{location}`, which has {size}; the file is cut off, copy it again"
        ));
    }
    let mut proto = proto.clone();
    if length.is_none() {
        proto.external_data.push(StringStringEntryProto {
            key: "length".into(),
            value: bytes.to_string(),
        });
    }
    Ok(proto)
}
