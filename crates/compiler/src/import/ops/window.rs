//! Where convolutions and pools look: kernel, stride, dilation and padding along each axis.

use crate::Result;
use crate::import::node::Node;

/// One axis of a convolution or pool. Output `y` sees the places `stride·y + dilation·k − before`,
/// `k < size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) size: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) before: i64,
    pub(crate) after: i64,
    /// Places along the axis before and after the operation.
    pub(crate) input: usize,
    pub(crate) output: usize,
}

impl Window {
    /// The whole axis at once.
    pub(crate) fn global(input: usize) -> Self {
        Self {
            size: input,
            stride: 1,
            dilation: 1,
            before: 0,
            after: 0,
            input,
            output: 1,
        }
    }

    fn extent(&self) -> usize {
        (self.size - 1) * self.dilation + 1
    }

    /// The place that output `y` sees through the window's place `k`, if it exists.
    pub(crate) fn place(&self, y: usize, k: usize) -> Option<usize> {
        let place = (self.stride * y + self.dilation * k) as i64 - self.before;
        usize::try_from(place)
            .ok()
            .filter(|place| *place < self.input)
    }

    /// As [`place`](Self::place), counting the padding.
    pub(crate) fn padded(&self, y: usize, k: usize) -> bool {
        let place = (self.stride * y + self.dilation * k) as i64;
        place < self.before + self.input as i64 + self.after
    }
}

/// How an axis' padding is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AutoPad {
    /// Numbers state it.
    Stated,
    /// The output is as long as the input divided by the stride; an odd place goes to the end.
    SameUpper,
    /// The output is as long as the input divided by the stride; an odd place goes to the front.
    SameLower,
    /// The plane has no padding.
    Valid,
}

/// Attributes of every operator with windows, a number for each axis but batch and channels.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    /// `1` for values `[N, C, L]`, `2` for `[N, C, H, W]`, and so on.
    pub(crate) rank: usize,
    pub(crate) size: Vec<usize>,
    pub(crate) stride: Vec<usize>,
    pub(crate) dilation: Vec<usize>,
    pub(crate) before: Vec<i64>,
    pub(crate) after: Vec<i64>,
    pub(crate) auto_pad: AutoPad,
}

/// Numbers beyond this are no window anyone has.
const MAX_NUMBER: i64 = 1 << 16;

impl Attributes {
    /// Reads `node`'s attributes; `kernel` is the weights' kernel shape, which `kernel_shape` need
    /// not repeat.
    pub(crate) fn read(node: &Node<'_>, shape: &[usize], kernel: Option<&[usize]>) -> Result<Self> {
        let rank = shape.len().saturating_sub(2);
        if rank == 0 {
            return Err(node.unsupported(format!(
                "it is applied to shape {shape:?}; expected [1, channels, length] or [1, channels, rows, columns]"
            )));
        }
        let stated = node.ints("kernel_shape");
        let size = match (kernel, stated) {
            (Some(kernel), Some(stated))
                if !stated
                    .iter()
                    .map(|n| *n as usize)
                    .eq(kernel.iter().copied()) =>
            {
                return Err(node.invalid(format!(
                    "`kernel_shape` is {stated:?}, the weights have {kernel:?}"
                )));
            }
            (Some(kernel), _) => kernel.iter().map(|n| *n as i64).collect(),
            (None, Some(stated)) => stated,
            (None, None) => return Err(node.invalid("`kernel_shape` is missing; export again")),
        };
        let auto_pad = match node.text("auto_pad").as_deref().unwrap_or("NOTSET") {
            "NOTSET" | "" => AutoPad::Stated,
            "SAME_UPPER" => AutoPad::SameUpper,
            "SAME_LOWER" => AutoPad::SameLower,
            "VALID" => AutoPad::Valid,
            other => {
                return Err(node.invalid(format!(
                    "`auto_pad` is `{other}`, expected NOTSET, SAME_UPPER, SAME_LOWER or VALID"
                )));
            }
        };
        let positive = |name: &str, values: Option<Vec<i64>>| -> Result<Vec<usize>> {
            let values = values.unwrap_or_else(|| vec![1; rank]);
            if values.len() != rank || values.iter().any(|n| !(1..=MAX_NUMBER).contains(n)) {
                return Err(node.invalid(format!(
                    "`{name}` is {values:?}, expected {rank} positive numbers"
                )));
            }
            Ok(values.iter().map(|n| *n as usize).collect())
        };
        let pads = node.ints("pads").unwrap_or_else(|| vec![0; 2 * rank]);
        if pads.len() != 2 * rank || pads.iter().any(|n| n.abs() > MAX_NUMBER) {
            return Err(node.invalid(format!("`pads` is {pads:?}, expected {} numbers", 2 * rank)));
        }
        Ok(Self {
            rank,
            size: positive("kernel_shape", Some(size))?,
            stride: positive("strides", node.ints("strides"))?,
            dilation: positive("dilations", node.ints("dilations"))?,
            before: pads[..rank].to_vec(),
            after: pads[rank..].to_vec(),
            auto_pad,
        })
    }

    /// The windows of a convolution or pool over a plane of `input` rows and columns; a value without
    /// rows has one, seen as it is.
    pub(crate) fn planar(
        &self,
        node: &Node<'_>,
        input: [usize; 2],
        ceil: bool,
    ) -> Result<[Window; 2]> {
        let windows = self.windows(node, &input[2 - self.rank.min(2)..], ceil)?;
        Ok(planar(&windows, Window::global(1)))
    }

    /// The windows of a convolution or pool over these lengths. With `ceil` an output whose window
    /// begins within the axis or the padding before it, but does not end there, counts too.
    pub(crate) fn windows(
        &self,
        node: &Node<'_>,
        input: &[usize],
        ceil: bool,
    ) -> Result<Vec<Window>> {
        let axis = |axis: usize| -> Result<Window> {
            let mut window = Window {
                size: self.size[axis],
                stride: self.stride[axis],
                dilation: self.dilation[axis],
                before: self.before[axis],
                after: self.after[axis],
                input: input[axis],
                output: 0,
            };
            let (extent, stride) = (window.extent() as i64, window.stride as i64);
            let len = input[axis] as i64;
            let output = match self.auto_pad {
                AutoPad::SameUpper | AutoPad::SameLower => {
                    let output = (len + stride - 1) / stride;
                    let total = ((output - 1) * stride + extent - len).max(0);
                    let small = total / 2;
                    window.before = if self.auto_pad == AutoPad::SameUpper {
                        small
                    } else {
                        total - small
                    };
                    window.after = total - window.before;
                    output
                }
                stated => {
                    if stated == AutoPad::Valid {
                        (window.before, window.after) = (0, 0);
                    }
                    let room = len + window.before + window.after - extent;
                    if room < 0 {
                        0
                    } else if ceil {
                        let output = (room + stride - 1) / stride + 1;
                        // A window that would begin in the padding behind the plane sees nothing.
                        output - i64::from((output - 1) * stride >= len + window.before)
                    } else {
                        room / stride + 1
                    }
                }
            };
            if output < 1 {
                return Err(node.invalid(format!(
                    "its kernel of {} places, dilated by {}, does not fit {} places with {} + {} of padding",
                    window.size, window.dilation, input[axis], window.before, window.after
                )));
            }
            window.output = output as usize;
            Ok(window)
        };
        (0..self.rank).map(axis).collect()
    }
}

/// One or two numbers as those of rows and columns; a value without rows has `missing` there.
pub(crate) fn planar<T: Copy>(values: &[T], missing: T) -> [T; 2] {
    match *values {
        [rows, columns] => [rows, columns],
        [columns] => [missing, columns],
        _ => [missing; 2],
    }
}

/// The ONNX shape of planes.
pub(crate) fn plane_shape(rank: usize, size: [usize; 3]) -> Vec<usize> {
    let [channels, rows, columns] = size;
    if rank == 1 {
        vec![1, channels, columns]
    } else {
        vec![1, channels, rows, columns]
    }
}
