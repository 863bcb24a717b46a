//! Affine values taken apart and put together again, cell by cell.

use crate::import::values::affine::Affine;

/// A value of `shape` whose cells are those of `value` that `source` names, or `fill`.
pub(crate) fn placed(
    value: &Affine,
    shape: Vec<usize>,
    fill: f64,
    source: impl Fn(usize) -> Option<usize>,
) -> Affine {
    let sources: Vec<Option<usize>> = (0..shape.iter().product()).map(source).collect();
    let bias = sources
        .iter()
        .map(|from| from.map_or(fill, |from| value.bias[from]));
    let terms = value.terms.iter().map(|(id, rows)| {
        let row = |from: &Option<usize>| from.map_or_else(Vec::new, |from| rows[from].clone());
        (*id, sources.iter().map(row).collect())
    });
    Affine {
        bias: bias.collect(),
        terms: terms.collect(),
        nodes: value.nodes.clone(),
        shape,
    }
}

/// `parts` one after the other, as a list.
pub(crate) fn stack(parts: &[Affine]) -> Affine {
    let len = parts.iter().map(Affine::len).sum();
    let mut all = Affine {
        shape: vec![len],
        bias: Vec::with_capacity(len),
        ..Affine::default()
    };
    for part in parts {
        let offset = all.bias.len();
        all.bias.extend(&part.bias);
        for (source, rows) in &part.terms {
            let whole = all
                .terms
                .entry(*source)
                .or_insert_with(|| vec![Vec::new(); len]);
            for (row, to) in rows.iter().zip(&mut whole[offset..]) {
                to.clone_from(row);
            }
        }
        for node in &part.nodes {
            if !all.nodes.contains(node) {
                all.nodes.push(node.clone());
            }
        }
    }
    all
}

/// `a − b`
pub(crate) fn difference(a: &Affine, b: &Affine) -> Affine {
    let mut b = b.clone();
    b.scale(|_| -1.0);
    a.clone().add(b)
}

/// Member number `i` of every group, for every `i`. The groups are of one size.
pub(crate) fn columns(value: &Affine, groups: &[Vec<usize>]) -> Vec<Affine> {
    let n = groups.first().map_or(0, Vec::len);
    (0..n)
        .map(|i| {
            let index: Vec<usize> = groups.iter().map(|group| group[i]).collect();
            value.gather(vec![groups.len()], &index)
        })
        .collect()
}

/// The value whose group `g` has its member `i` at cell `i · groups + g` of `stacked`.
pub(crate) fn scatter(stacked: &Affine, shape: &[usize], groups: &[Vec<usize>]) -> Affine {
    let mut index = vec![0; shape.iter().product()];
    for (g, group) in groups.iter().enumerate() {
        for (i, cell) in group.iter().enumerate() {
            index[*cell] = i * groups.len() + g;
        }
    }
    stacked.gather(shape.to_vec(), &index)
}
