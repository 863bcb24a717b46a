//! Numbers in the formats that tract does not read: halves of single precision and of bytes.

use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::DataType;

/// How a data type that tract does not read is stored: as what it is read instead, and how many
/// values one of these holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The upper half of a float.
    Bfloat16,
    /// IEEE half precision.
    Float16,
    /// Two integers of four bits in a byte, the first one in the lower half.
    Int4 {
        /// Whether they have a sign.
        signed: bool,
    },
}

impl Stored {
    pub(crate) fn of(data_type: i32) -> Option<Self> {
        match DataType::try_from(data_type).ok()? {
            DataType::Bfloat16 => Some(Self::Bfloat16),
            DataType::Float16 => Some(Self::Float16),
            DataType::Uint4 => Some(Self::Int4 { signed: false }),
            DataType::Int4 => Some(Self::Int4 { signed: true }),
            _ => None,
        }
    }

    /// The same bits as a tensor of integers, `count` values in all.
    pub(crate) fn bits(self, proto: &TensorProto, count: usize) -> TensorProto {
        let (data_type, dims) = match self {
            Self::Bfloat16 | Self::Float16 => (DataType::Uint16, proto.dims.clone()),
            Self::Int4 { .. } => (DataType::Uint8, vec![count.div_ceil(2) as i64]),
        };
        TensorProto {
            data_type: data_type as i32,
            dims,
            ..proto.clone()
        }
    }

    /// The values that `bits` are, the last of which may be padding.
    pub(crate) fn values(self, bits: &[f64]) -> Vec<f64> {
        match self {
            Self::Bfloat16 => {
                let float = |bits: &f64| f64::from(f32::from_bits((*bits as u32) << 16));
                bits.iter().map(float).collect()
            }
            Self::Float16 => bits.iter().map(|bits| half(*bits as u16)).collect(),
            Self::Int4 { signed } => {
                let number = |nibble: u8| match signed && nibble > 7 {
                    true => f64::from(nibble) - 16.0,
                    false => f64::from(nibble),
                };
                let both = |byte: &f64| [*byte as u8 & 15, *byte as u8 >> 4].map(number);
                bits.iter().flat_map(both).collect()
            }
        }
    }
}

/// A number of half precision.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// What a data type is called in messages.
pub(crate) fn name(data_type: i32) -> String {
    match DataType::try_from(data_type) {
        Ok(DataType::Undefined) => "no stated type".into(),
        Ok(known) => known.as_str_name().to_lowercase(),
        Err(_) => format!("the unknown number {data_type}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 2f64.powi(-24)),
            (0x0400, 2f64.powi(-14)),
            (0x3555, 0.333_251_953_125),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn nibbles_come_lower_half_first() {
        let signed = Stored::Int4 { signed: true };
        assert_eq!(signed.values(&[f64::from(0x8fu8)]), [-1.0, -8.0]);
        let unsigned = Stored::Int4 { signed: false };
        assert_eq!(unsigned.values(&[f64::from(0x8fu8)]), [15.0, 8.0]);
    }
}
