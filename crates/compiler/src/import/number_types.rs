//! Numbers in the formats that tract does not read: halves of single precision and of bytes.

use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::DataType;

/// Numbers that the protobuf definitions of this crate's version of tract do not list.
pub(crate) const FLOAT8_E8M0: i32 = 24;
pub(crate) const UINT2: i32 = 25;
pub(crate) const INT2: i32 = 26;

/// How a data type that tract does not read is stored: as what it is read instead, and how many
/// values one of these holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The upper half of a float.
    Bfloat16,
    /// IEEE half precision.
    Float16,
    /// Integers of two or four bits, several in a byte, the first one in its lowest bits.
    Whole {
        /// How many bits each of them has.
        bits: u32,
        /// Whether they have a sign.
        signed: bool,
    },
    /// Floats of eight bits.
    Float8(Float8),
    /// Two floats of four bits in a byte, the first one in the lower half.
    Float4,
}

/// What the eight bits of a float mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Float8 {
    /// Four bits of exponent; no infinity.
    E4M3,
    /// Four bits of exponent; neither infinity nor a zero below zero.
    E4M3Unsigned,
    /// Five bits of exponent, as IEEE would have it.
    E5M2,
    /// Five bits of exponent; neither infinity nor a zero below zero.
    E5M2Unsigned,
    /// A power of two.
    E8M0,
}

impl Stored {
    pub(crate) fn of(data_type: i32) -> Option<Self> {
        let whole = |bits, signed| Some(Self::Whole { bits, signed });
        match data_type {
            FLOAT8_E8M0 => return Some(Self::Float8(Float8::E8M0)),
            UINT2 => return whole(2, false),
            INT2 => return whole(2, true),
            _ => {}
        }
        match DataType::try_from(data_type).ok()? {
            DataType::Bfloat16 => Some(Self::Bfloat16),
            DataType::Float16 => Some(Self::Float16),
            DataType::Uint4 => whole(4, false),
            DataType::Int4 => whole(4, true),
            DataType::Float8e4m3fn => Some(Self::Float8(Float8::E4M3)),
            DataType::Float8e4m3fnuz => Some(Self::Float8(Float8::E4M3Unsigned)),
            DataType::Float8e5m2 => Some(Self::Float8(Float8::E5M2)),
            DataType::Float8e5m2fnuz => Some(Self::Float8(Float8::E5M2Unsigned)),
            DataType::Float4e2m1 => Some(Self::Float4),
            _ => None,
        }
    }

    /// How many values a byte holds, of types that share one.
    fn per_byte(self) -> usize {
        match self {
            Self::Whole { bits, .. } => (8 / bits) as usize,
            Self::Float4 => 2,
            _ => 1,
        }
    }

    /// The same bits as a tensor of integers, `count` values in all.
    pub(crate) fn bits(self, proto: &TensorProto, count: usize) -> TensorProto {
        let (data_type, dims) = match self {
            Self::Bfloat16 | Self::Float16 => (DataType::Uint16, proto.dims.clone()),
            Self::Float8(_) => (DataType::Uint8, proto.dims.clone()),
            Self::Whole { .. } | Self::Float4 => {
                let bytes = count.div_ceil(self.per_byte());
                (DataType::Uint8, vec![bytes as i64])
            }
        };
        TensorProto {
            data_type: data_type as i32,
            dims,
            ..proto.clone()
        }
    }

    /// The values that `bits` are, the last of which may be padding.
    pub(crate) fn values(self, bits: &[f64]) -> Vec<f64> {
        let one = |bits: &f64| match self {
            Self::Bfloat16 => f64::from(f32::from_bits((*bits as u32) << 16)),
            Self::Float16 => half(*bits as u16),
            Self::Float8(format) => format.value(*bits as u8),
            Self::Whole { .. } | Self::Float4 => *bits,
        };
        if self.per_byte() == 1 {
            return bits.iter().map(one).collect();
        }
        let width = 8 / self.per_byte() as u32;
        let parts = |byte: &f64| {
            let byte = *byte as u8;
            let mask = (1 << width) - 1;
            (0..8 / width).map(move |part| byte >> (part * width) & mask)
        };
        let number = |bits: u8| match self {
            Self::Whole { signed: true, .. } if bits >> (width - 1) == 1 => {
                f64::from(bits) - 2f64.powi(width as i32)
            }
            Self::Float4 => small(bits, (2, 1), 1),
            _ => f64::from(bits),
        };
        bits.iter().flat_map(parts).map(number).collect()
    }
}

impl Float8 {
    fn value(self, bits: u8) -> f64 {
        match (self, bits & 0x7f) {
            (Self::E8M0, _) if bits == 0xff => f64::NAN,
            (Self::E8M0, _) => 2f64.powi(i32::from(bits) - 127),
            (Self::E4M3Unsigned | Self::E5M2Unsigned, 0) if bits == 0x80 => f64::NAN,
            (Self::E4M3, 0x7f) | (Self::E5M2, 0x7d..) => f64::NAN,
            (Self::E5M2, 0x7c) => f64::INFINITY.copysign(small(bits, (5, 2), 15)),
            (Self::E4M3, _) => small(bits, (4, 3), 7),
            (Self::E4M3Unsigned, _) => small(bits, (4, 3), 8),
            (Self::E5M2, _) => small(bits, (5, 2), 15),
            (Self::E5M2Unsigned, _) => small(bits, (5, 2), 16),
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

/// A float of a sign, some bits of exponent and some of fraction, all of whose bits are a number.
fn small(bits: u8, (exponents, fractions): (u32, u32), bias: i32) -> f64 {
    let sign = match bits >> (exponents + fractions) & 1 {
        1 => -1.0,
        _ => 1.0,
    };
    let exponent = i32::from(bits >> fractions & ((1 << exponents) - 1));
    let unit = 2f64.powi(-(fractions as i32));
    let fraction = f64::from(bits & ((1 << fractions) - 1)) * unit;
    sign * match exponent {
        0 => fraction * 2f64.powi(1 - bias),
        _ => (1.0 + fraction) * 2f64.powi(exponent - bias),
    }
}

/// What a data type is called in messages.
pub(crate) fn name(data_type: i32) -> String {
    match DataType::try_from(data_type) {
        _ if data_type == FLOAT8_E8M0 => "float8e8m0".into(),
        _ if data_type == UINT2 => "uint2".into(),
        _ if data_type == INT2 => "int2".into(),
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
    fn parts_of_a_byte_come_lowest_first() {
        let whole = |bits, signed| Stored::Whole { bits, signed };
        let byte = [f64::from(0x8fu8)];
        assert_eq!(whole(4, true).values(&byte), [-1.0, -8.0]);
        assert_eq!(whole(4, false).values(&byte), [15.0, 8.0]);
        assert_eq!(whole(2, true).values(&byte), [-1.0, -1.0, 0.0, -2.0]);
        assert_eq!(whole(2, false).values(&byte), [3.0, 3.0, 0.0, 2.0]);
        // 0.5 · 2, 1.5 · 4 and the least there is.
        assert_eq!(Stored::Float4.values(&[f64::from(0x7au8)]), [-1.0, 6.0]);
        assert_eq!(Stored::Float4.values(&[f64::from(0x01u8)]), [0.5, 0.0]);
    }

    #[test]
    fn bytes_of_every_format() {
        let of = |format: Float8, bits: u8| Stored::Float8(format).values(&[f64::from(bits)])[0];
        for (format, bits, value) in [
            (Float8::E4M3, 0x7e, 448.0),
            (Float8::E4M3, 0xb8, -1.0),
            (Float8::E4M3, 0x01, 2f64.powi(-9)),
            (Float8::E4M3Unsigned, 0x7f, 240.0),
            (Float8::E4M3Unsigned, 0x01, 2f64.powi(-10)),
            (Float8::E5M2, 0x7b, 57344.0),
            (Float8::E5M2, 0xfc, f64::NEG_INFINITY),
            (Float8::E5M2, 0x01, 2f64.powi(-16)),
            (Float8::E5M2Unsigned, 0x7f, 57344.0),
            (Float8::E8M0, 0x7f, 1.0),
            (Float8::E8M0, 0x00, 2f64.powi(-127)),
        ] {
            assert_eq!(of(format, bits), value, "{format:?} {bits:#x}");
        }
        for (format, bits) in [
            (Float8::E4M3, 0xff),
            (Float8::E4M3Unsigned, 0x80),
            (Float8::E5M2, 0x7e),
            (Float8::E5M2Unsigned, 0x80),
            (Float8::E8M0, 0xff),
        ] {
            assert!(of(format, bits).is_nan(), "{format:?} {bits:#x}");
        }
    }
}
