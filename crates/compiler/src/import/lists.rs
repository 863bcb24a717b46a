//! Sizes by the data's lists: EZKL's `input.json` has no shapes, but all values of one inference.

use tract_onnx::pb::{GraphProto, ValueInfoProto};

use crate::import::sizes::{Sizes, dimensions, inputs};

/// `sizes` with what is left open as long as the lists say: an input's only open axis besides a
/// batch or, if the first one alone is open, that one. `None` if the lists say nothing of the kind,
/// or not the same of one name.
pub(crate) fn filled(sizes: &Sizes, graph: &GraphProto) -> Option<Sizes> {
    let inputs: Vec<&ValueInfoProto> = inputs(graph).collect();
    let mut filled = sizes.clone();
    let before = filled.dims.len();
    for (index, input) in inputs.iter().enumerate() {
        let values = whole(&sizes.lists, index, inputs.len())?;
        filled.dims.extend(solved(sizes, input, values)?);
    }
    let new = &filled.dims[before..];
    let same = |(name, size): &(String, usize)| {
        let mut others = new.iter().filter(|(other, _)| other == name);
        others.all(|(_, other)| other == size)
    };
    (!new.is_empty() && new.iter().all(same)).then_some(filled)
}

/// How many values one inference takes of input `index` of `count`; a list for each input, or of
/// the only one a list for each row.
fn whole(lists: &[usize], index: usize, count: usize) -> Option<usize> {
    match (count, lists) {
        (1, [first, rest @ ..]) => rest.iter().all(|len| len == first).then_some(*first),
        _ if lists.len() == count => lists.get(index).copied(),
        _ => None,
    }
}

/// The sizes that an input of so many values leaves open; none if it leaves nothing open.
fn solved(sizes: &Sizes, input: &ValueInfoProto, values: usize) -> Option<Vec<(String, usize)>> {
    let mut known = 1usize;
    // Axes of one name are of one size.
    let mut open: Vec<(String, u32)> = Vec::new();
    for (axis, dimension) in dimensions(input)?.into_iter().enumerate() {
        let size = match dimension {
            Ok(size) => Some(size),
            Err(name) => sizes.of_axis(input, axis, name),
        };
        if let Some(size) = size {
            known = known.checked_mul(size)?;
            continue;
        }
        let place = || format!("{}.{axis}", input.name);
        let name = dimension.err().flatten().map_or_else(place, str::to_owned);
        match open.iter_mut().find(|(other, _)| *other == name) {
            Some((_, times)) => *times += 1,
            None => open.push((name, 1)),
        }
    }
    let (solved, batch) = match &open[..] {
        [] => return Some(Vec::new()),
        [only] => (only, None),
        [batch, other] if dimensions(input)?.first()?.is_err() => (other, Some(batch)),
        _ => return None,
    };
    let cells = values
        .checked_div(known)
        .filter(|cells| cells * known == values)?;
    let (name, times) = solved;
    let size = (1..=cells).find(|size| size.checked_pow(*times) == Some(cells))?;
    let batch = batch.map(|(name, _)| (name.clone(), 1));
    Some([(name.clone(), size)].into_iter().chain(batch).collect())
}
