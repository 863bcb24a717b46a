//! The .npy format: a magic, a Python dictionary that describes an array, and its bytes.

use std::io::Read;

/// More values than this are not read: 2 GiB as real numbers.
pub(super) const MAX_VALUES: usize = 1 << 28;
/// Longer headers are not written by anything.
const MAX_HEADER: usize = 1 << 16;
/// Bytes read at once, so that a header that claims too much takes no memory.
const CHUNK: usize = 1 << 16;

/// An array's shape and its values in row-major order, whatever order the file has.
#[derive(Debug, PartialEq)]
pub(super) struct Flat {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f64>,
}

/// Reads an array of numbers; an error says what is wrong with the file.
pub(super) fn read(file: &mut (impl Read + ?Sized)) -> Result<Flat, String> {
    let header = header(file)?;
    let element = Element::new(&text_of(&header, "descr")?)?;
    let fortran = match value_of(&header, "fortran_order")? {
        it if it.starts_with("True") => true,
        it if it.starts_with("False") => false,
        _ => return Err("its header's `fortran_order` is neither True nor False".into()),
    };
    let shape = shape_of(&header)?;
    let count = shape
        .iter()
        .try_fold(1usize, |count, axis| count.checked_mul(*axis))
        .filter(|count| *count <= MAX_VALUES)
        .ok_or_else(|| format!("its shape {shape:?} has more than {MAX_VALUES} values"))?;
    let values = values(file, &element, count)?;
    let values = if fortran && shape.len() > 1 {
        row_major(&shape, &values)
    } else {
        values
    };
    Ok(Flat { shape, values })
}

/// The shape of an array, as its header says.
pub(super) fn shape(file: &mut (impl Read + ?Sized)) -> Result<Vec<usize>, String> {
    shape_of(&header(file)?)
}

fn exactly(file: &mut (impl Read + ?Sized), bytes: &mut [u8]) -> Result<(), String> {
    file.read_exact(bytes)
        .map_err(|error| format!("the file ends too early or is damaged ({error})"))
}

fn header(file: &mut (impl Read + ?Sized)) -> Result<String, String> {
    let mut start = [0; 8];
    exactly(file, &mut start)?;
    if &start[..6] != b"\x93NUMPY" {
        return Err("it does not start as a NumPy array does".into());
    }
    let length = if start[6] == 1 {
        let mut length = [0; 2];
        exactly(file, &mut length)?;
        usize::from(u16::from_le_bytes(length))
    } else {
        let mut length = [0; 4];
        exactly(file, &mut length)?;
        u32::from_le_bytes(length) as usize
    };
    if length > MAX_HEADER {
        return Err(format!("its header claims {length} bytes"));
    }
    let mut header = vec![0; length];
    exactly(file, &mut header)?;
    String::from_utf8(header).map_err(|_| "its header is not text".into())
}

/// What follows `'key':` in the header's dictionary.
fn value_of<'a>(header: &'a str, key: &str) -> Result<&'a str, String> {
    [format!("'{key}'"), format!("\"{key}\"")]
        .iter()
        .find_map(|quoted| header.split_once(quoted.as_str()))
        .and_then(|(_, rest)| rest.trim_start().strip_prefix(':'))
        .map(str::trim_start)
        .ok_or_else(|| format!("its header has no `{key}`"))
}

fn text_of(header: &str, key: &str) -> Result<String, String> {
    let value = value_of(header, key)?;
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let Some(quote) = quote else {
        return Err(
            "it holds records of several fields; expected one array of numbers per input".into(),
        );
    };
    let text = value[1..].split(quote).next();
    Ok(text.unwrap_or_default().to_owned())
}

fn shape_of(header: &str) -> Result<Vec<usize>, String> {
    let value = value_of(header, "shape")?;
    let inside = value
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .ok_or("its header's `shape` is no tuple")?
        .0;
    inside
        .split(',')
        .map(|axis| axis.trim().trim_end_matches('L'))
        .filter(|axis| !axis.is_empty())
        .map(|axis| {
            axis.parse()
                .map_err(|_| "its header's `shape` is damaged".to_owned())
        })
        .collect()
}

/// An element's type and order of bytes.
struct Element {
    kind: char,
    width: usize,
    big: bool,
}

impl Element {
    fn new(descr: &str) -> Result<Self, String> {
        let (big, rest) = match descr.as_bytes().first() {
            Some(b'>') => (true, &descr[1..]),
            Some(b'<' | b'|' | b'=') => (false, &descr[1..]),
            _ => (false, descr),
        };
        let element = rest.chars().next().and_then(|kind| {
            let width = rest[kind.len_utf8()..].parse().ok()?;
            Some(Self { kind, width, big })
        });
        match element {
            Some(it) if matches!((it.kind, it.width), ('f', 2 | 4 | 8) | ('i' | 'u', 1 | 2 | 4 | 8) | ('b', 1)) => {
                Ok(it)
            }
            Some(it) if (it.kind, it.width) == ('V', 2) => Err(
                "it holds raw pairs of bytes, as bfloat16 is saved; save it as float32, which holds the same values".into(),
            ),
            _ => Err(format!(
                "it does not hold numbers but `{descr}`; expected float16, float32, float64, an integer type or bool"
            )),
        }
    }

    /// One value; `bytes` has the element's width.
    fn real(&self, bytes: &[u8]) -> f64 {
        let mut wide = [0; 8];
        for (at, byte) in bytes.iter().enumerate().take(8) {
            let place = if self.big { bytes.len() - 1 - at } else { at };
            wide[place] = *byte;
        }
        let bits = u64::from_le_bytes(wide);
        let unused = 64 - 8 * self.width as u32;
        match (self.kind, self.width) {
            ('f', 2) => half(bits as u16),
            ('f', 4) => f64::from(f32::from_bits(bits as u32)),
            ('f', _) => f64::from_bits(bits),
            ('i', _) => (((bits << unused) as i64) >> unused) as f64,
            ('b', _) => f64::from(u8::from(bits != 0)),
            _ => bits as f64,
        }
    }
}

/// A float16: a sign, 5 bits of exponent, 10 of fraction. Exact.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff);
    let size = match (bits >> 10) & 0x1f {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        exponent => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

fn values(
    file: &mut (impl Read + ?Sized),
    element: &Element,
    count: usize,
) -> Result<Vec<f64>, String> {
    let mut values = Vec::new();
    let mut buffer = vec![0; CHUNK];
    while values.len() < count {
        let now = (CHUNK / element.width).min(count - values.len());
        let bytes = &mut buffer[..now * element.width];
        exactly(file, bytes)?;
        values.extend(bytes.chunks(element.width).map(|bytes| element.real(bytes)));
    }
    Ok(values)
}

/// Reorders an array whose first axis varies fastest.
fn row_major(shape: &[usize], values: &[f64]) -> Vec<f64> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for axis in shape {
        strides.push(stride);
        stride *= axis;
    }
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    let mut ordered = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        ordered.push(values[at]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    ordered
}
