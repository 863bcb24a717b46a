//! `Einsum`: sums of products along named indices.

use crate::Result;
use crate::import::builder::Builder;
use crate::import::node::Node;
use crate::import::values::affine::Affine;

/// What stands for axes that have no names.
const DOTS: &str = "...";
/// Names for these, which no equation can use.
const UNNAMED: std::ops::RangeInclusive<char> = '\u{e000}'..='\u{e0ff}';

/// An equation, read.
struct Equation {
    /// By operand the index of each axis.
    inputs: Vec<Vec<char>>,
    /// The index of each axis of the result.
    output: Vec<char>,
}

impl Equation {
    /// `None` if the equation is none of one or two operands with distinct indices, of so many axes.
    fn parse(equation: &str, ranks: &[usize]) -> Option<Self> {
        let (inputs, output) = match equation.split_once("->") {
            Some((inputs, output)) => (inputs.to_owned(), output.to_owned()),
            None => {
                // Indices that occur once, in alphabetical order, after those that nobody named.
                let mut letters: Vec<char> = equation
                    .chars()
                    .filter(|c| !matches!(c, ',' | '.'))
                    .collect();
                letters.sort_unstable();
                let once = letters
                    .chunk_by(|a, b| a == b)
                    .filter(|same| same.len() == 1);
                let unnamed = if equation.contains(DOTS) { DOTS } else { "" };
                let once: String = once.map(|same| same[0]).collect();
                (equation.to_owned(), format!("{unnamed}{once}"))
            }
        };
        let unnamed = |part: &str, rank: usize| match part.contains(DOTS) {
            true => rank.checked_sub(part.chars().count() - DOTS.len()),
            false => Some(0),
        };
        let parts = || inputs.split(',').zip(ranks);
        let counts = parts().map(|(part, rank)| unnamed(part, *rank));
        let most = counts.collect::<Option<Vec<usize>>>()?.into_iter().max()?;
        // The last of them are the same in all operands.
        let named = |part: &str, count: usize| {
            let names: String = UNNAMED.take(most).skip(most - count).collect();
            part.replacen(DOTS, &names, 1)
        };
        let inputs: Vec<String> = parts()
            .map(|(part, rank)| Some(named(part, unnamed(part, *rank)?)))
            .collect::<Option<_>>()?;
        let (inputs, output) = (inputs.join(","), named(&output, most));
        let inputs: Vec<Vec<char>> = inputs
            .split(',')
            .map(|part| part.chars().collect())
            .collect();
        let output: Vec<char> = output.chars().collect();
        let distinct = |letters: &Vec<char>| {
            let mut sorted = letters.clone();
            sorted.sort_unstable();
            sorted.windows(2).all(|pair| pair[0] != pair[1])
                && letters
                    .iter()
                    .all(|letter| letter.is_ascii_alphabetic() || UNNAMED.contains(letter))
        };
        let clear = inputs.len() <= 2 && inputs.iter().chain([&output]).all(distinct);
        clear.then_some(Self { inputs, output })
    }
}

/// How far each index of an equation goes.
struct Sizes(Vec<(char, usize)>);

impl Sizes {
    /// Takes the size of each index from the operands' shapes; `None` if an operand has another
    /// number of axes.
    fn read(node: &Node<'_>, text: &str, inputs: &[Vec<char>]) -> Result<Option<Self>> {
        let mut sizes: Vec<(char, usize)> = Vec::new();
        for (index, letters) in inputs.iter().enumerate() {
            let operand = node.operand(index)?;
            if operand.shape.len() != letters.len() {
                return Ok(None);
            }
            for (letter, size) in letters.iter().zip(&operand.shape) {
                match sizes.iter().find(|(known, _)| known == letter) {
                    Some((_, known)) if known != size => {
                        return Err(node.invalid(format!(
                            "index `{letter}` of `{text}` is {known} long and {size} long"
                        )));
                    }
                    Some(_) => {}
                    None => sizes.push((*letter, *size)),
                }
            }
        }
        Ok(Some(Self(sizes)))
    }

    fn of(&self, letter: &char) -> usize {
        let known = self.0.iter().find(|(known, _)| known == letter);
        known.map_or(1, |(_, size)| *size)
    }

    /// The index of `letter` at place `number` of all indices `among` together.
    fn place(&self, among: &[char], letter: &char, number: usize) -> Option<usize> {
        let axis = among.iter().position(|other| other == letter)?;
        let inner: usize = among[axis + 1..]
            .iter()
            .map(|other| self.of(other))
            .product();
        Some(number / inner % self.of(letter))
    }
}

/// `Einsum` of one or two operands without repeated or omitted indices.
pub(crate) fn einsum(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let text = node.text("equation").unwrap_or_default().replace(' ', "");
    let unclear = || {
        node.unsupported(format!(
            "its equation `{text}` is more than one or two operands with distinct indices; write it with MatMul and Transpose"
        ))
    };
    let ranks: Vec<usize> = node
        .operands
        .iter()
        .map(|operand| operand.map_or(0, |value| value.shape.len()))
        .collect();
    let Equation { inputs, output } = Equation::parse(&text, &ranks)
        .filter(|equation| equation.inputs.len() == node.operands.len())
        .ok_or_else(unclear)?;
    let sizes = Sizes::read(node, &text, &inputs)?.ok_or_else(unclear)?;
    let known = |letter: &char| sizes.0.iter().any(|(known, _)| known == letter);
    if !output.iter().all(known) {
        return Err(unclear());
    }
    let shape: Vec<usize> = output.iter().map(|letter| sizes.of(letter)).collect();
    let count = node.count(&shape)?;
    let summed: Vec<char> = sizes
        .0
        .iter()
        .map(|(letter, _)| *letter)
        .filter(|letter| !output.contains(letter))
        .collect();
    let terms: usize = summed.iter().map(|letter| sizes.of(letter)).product();
    node.count(&[count, terms])?;
    // The cell of an operand at output cell `i` and term `t`.
    let cell = |letters: &[char], i: usize, t: usize| {
        letters.iter().fold(0, |at, letter| {
            let index = sizes
                .place(&output, letter, i)
                .or_else(|| sizes.place(&summed, letter, t));
            at * sizes.of(letter) + index.unwrap_or(0)
        })
    };
    let a = node.operand(0)?;
    if inputs.len() == 1 {
        let one = |i: usize, t: usize| (cell(&inputs[0], i, t), 1.0);
        return Ok(a.combine(shape, |i| (0..terms).map(move |t| one(i, t))));
    }
    let b = node.operand(1)?;
    let pair = |i: usize, t: usize| (cell(&inputs[0], i, t), cell(&inputs[1], i, t));
    if !a.is_constant() && !b.is_constant() {
        node.affords_products(count, terms)?;
        let pairs = (0..count).map(|i| (0..terms).map(|t| pair(i, t)).collect());
        return Ok(builder.bilinear(&node.output(), a, b, shape, &pairs.collect()));
    }
    let constant_left = a.is_constant();
    let (variable, constant) = if constant_left { (b, a) } else { (a, b) };
    node.affords(count, terms, variable)?;
    Ok(variable.combine(shape, |i| {
        (0..terms).map(move |t| {
            let (j, k) = pair(i, t);
            if constant_left {
                (k, constant.bias[j])
            } else {
                (j, constant.bias[k])
            }
        })
    }))
}
