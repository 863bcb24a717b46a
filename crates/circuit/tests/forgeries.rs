//! What would break the tape, case by case: each of these proofs of something false is rejected.
//! Where a fixed column stands in the way, the same proof passes once that column is changed, so it
//! is not rejected for another reason.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};
use support::{
    network::{Network, closing, columns, entry_row, numbering, recount, region_of, row_of},
    replay::{D, H, L, S, Y, accepted, violated},
};
use verdict_circuit::{
    Content, Op, Region,
    dishonest::{Fixed, Forgery, ops, weights},
    int,
};

/// The set of the one gate that closes the look-up argument.
fn look_up() -> BTreeSet<&'static str> {
    BTreeSet::from(["edge look-up"])
}

/// The set of the one gate that closes the identity.
fn identity() -> BTreeSet<&'static str> {
    BTreeSet::from(["edge identity"])
}

/// The region of a channel's activation, and the regions of its limbs.
fn content(network: &Network, level: usize, channel: usize) -> (usize, Vec<usize>) {
    let program = &network.circuit.program;
    match program.pattern(level, channel).runs[..] {
        [(Content::Cell { region, limbs }, _)] => (region, program.limbs[limbs].0.clone()),
        ref other => panic!("{other:?}"),
    }
}

/// The instance's index of the first output's word: the sample has three words, the input's and two
/// of outputs.
const OUTPUT: usize = 2;

/// With the row's region changed to `region`, the forgery would pass.
fn assert_stopped_by_the_region_of(forgery: &Forgery, row: usize, region: usize) {
    assert_eq!(violated(forgery), look_up());
    let mut other = forgery.clone();
    other
        .fixed
        .push((Fixed::Region, row, Fr::from(region as u64)));
    recount(&mut other);
    assert!(
        accepted(&other),
        "row {row} is stopped by something else than its region"
    );
}

#[test]
fn a_public_word_cannot_be_off_by_a_key_of_its_row() {
    let network = Network::sample(2);
    let limb = content(&network, 1, 0).1[0];
    for word in 1..network.circuit.instance.len() {
        let mut forgery = network.forgery();
        forgery.circuit.instance[word] -= Fr::ONE;
        columns(&mut forgery).q[word] = 1;
        recount(&mut forgery);
        assert_stopped_by_the_region_of(&forgery, word, limb);
    }
}

#[test]
fn an_idle_row_cannot_inject_a_tables_value_at_zero() {
    // One limb to a remainder leaves idle rows in the outputs' streams.
    let network = Network::sample_with(1, 5);
    let other = content(&network, 2, 0).0;
    let Region::Function { values, q_min, .. } = &network.circuit.program.regions[other] else {
        panic!()
    };
    let at_zero = values[(-q_min) as usize];
    assert_ne!(at_zero, 0, "the sample must have a table with f(0) ≠ 0");
    // The last row of an output's stream weighs what the output weighs; not of the level's first,
    // whose row opens the level.
    let mut forgery = network.forgery();
    let (channel, row) = (1..15)
        .map(|channel| (channel, row_of(&network.circuit, 1, channel) - 1))
        .find(|(_, row)| region_of(&forgery, *row) == 0)
        .unwrap();
    columns(&mut forgery).x[row] = i64::from(at_zero);
    forgery.circuit.instance[OUTPUT] +=
        Fr::from(at_zero as u64) * Fr::from(1 << 16).pow_vartime([channel as u64]);
    recount(&mut forgery);
    assert_stopped_by_the_region_of(&forgery, row, other);
}

#[test]
fn a_cell_cannot_use_another_functions_table() {
    let network = Network::sample(3);
    let regions = &network.circuit.program.regions;
    let (own, foreign) = (content(&network, 1, 0).0, content(&network, 2, 0).0);
    let row = row_of(&network.circuit, 1, 0);
    let mut forgery = network.forgery();
    let (key, value) = (columns(&mut forgery).q[row], columns(&mut forgery).x[row]);
    let Region::Function {
        shift,
        q_min,
        values,
    } = &regions[foreign]
    else {
        panic!()
    };
    let wrong = i64::from(values[((key >> shift) - q_min) as usize]);
    assert_ne!(wrong, value);
    assert!(regions[own].index_of(key, wrong).is_none());
    columns(&mut forgery).x[row] = wrong;
    forgery.circuit.instance[OUTPUT] += int(wrong - value);
    recount(&mut forgery);
    assert_stopped_by_the_region_of(&forgery, row, foreign);
}

#[test]
fn an_input_cannot_leave_its_domain() {
    let network = Network::sample(1);
    let last = network.circuit.program.levels.len() - 1;
    // A private input's consumers all follow it; only the table says where its domain ends.
    for value in [10, -6, 1 << 40] {
        let mut forgery = network.forgery();
        let row = row_of(&network.circuit, last, 0);
        (columns(&mut forgery).q[row], columns(&mut forgery).x[row]) = (value, value);
        recount(&mut forgery);
        assert!(violated(&forgery).contains("edge look-up"), "{value}");
    }
}

#[test]
fn cells_and_words_have_numbers_of_their_own() {
    for width in [1, 2, 3, 7] {
        let network = Network::sample(width);
        let numbers = numbering(&network.circuit);
        let distinct: HashSet<_> = numbers
            .iter()
            .map(|&(level, a, p, _)| (level, a, p))
            .collect();
        assert_eq!(distinct.len(), numbers.len(), "two cells share one (a, p)");
        let mut channels =
            network
                .circuit
                .program
                .levels
                .iter()
                .enumerate()
                .flat_map(|(number, level)| {
                    (0..level.channels.len()).map(move |channel| (number, level.exponent(channel)))
                });
        for (level, a, p, row) in numbers {
            assert_eq!(channels.next(), Some((level, a)), "row {row}");
            assert_eq!(p, 0);
        }
        assert_eq!(channels.next(), None);
    }
}

#[test]
fn nothing_moves_between_words() {
    let network = Network::sample(2);
    let words = network.circuit.instance.len();
    for from in 1..words {
        for to in (1..words).filter(|&to| to != from) {
            let mut forgery = network.forgery();
            forgery.circuit.instance[from] += Fr::ONE;
            forgery.circuit.instance[to] -= Fr::ONE;
            assert_eq!(violated(&forgery), identity());
            let mut swapped = network.forgery();
            swapped.circuit.instance.swap(from, to);
            assert_eq!(
                violated(&swapped),
                identity(),
                "words {from} and {to} swapped"
            );
        }
    }
}

#[test]
fn nothing_moves_between_cells_of_one_level_or_of_two() {
    let network = Network::sample(2);
    // The lowest limb of a cell can take one more, that of another one less, without leaving its
    // table.
    let cells: Vec<(usize, usize)> = (1..=3)
        .flat_map(|level| (0..3).map(move |channel| (level, channel)))
        .collect();
    let limb_row =
        |&(level, channel): &(usize, usize)| row_of(&network.circuit, level, channel) + 1;
    let mut moved = 0;
    for from in &cells {
        for to in cells.iter().filter(|to| *to != from) {
            let mut forgery = network.forgery();
            let (less, more) = (limb_row(from), limb_row(to));
            let q = &mut columns(&mut forgery).q;
            if q[less] == 0 || q[more] == 7 {
                continue;
            }
            q[less] -= 1;
            q[more] += 1;
            recount(&mut forgery);
            // Only the identity can tell, and within a level only by `r`, between levels of equal
            // exponents only by `g`.
            assert_eq!(violated(&forgery), identity(), "{from:?} to {to:?}");
            moved += 1;
        }
    }
    assert!(moved > 20);
}

#[test]
fn remainders_stay_within_their_limbs_and_keys_on_their_grid() {
    let network = Network::sample(2);
    let row = row_of(&network.circuit, 1, 0);
    let (region, limbs) = content(&network, 1, 0);
    assert_eq!(limbs.len(), 2, "the sample's remainders have two limbs");
    let table = &network.circuit.program.regions[region];
    let Region::Function {
        shift,
        q_min,
        values,
    } = table
    else {
        panic!()
    };
    let top = row + 2;
    // (change of key, change of the low limb, change of the high limb): all leave the sum as it is.
    let step = 1i64 << shift;
    for (key, low, high) in [
        (-step, 0, step),
        (step, 0, -step),
        (-step, step, 0),
        (1, -1, 0),
        (8, 0, -8),
        (0, 8, -8),
        (0, -8, 8),
    ] {
        let mut forgery = network.forgery();
        let w = columns(&mut forgery);
        (w.q[row], w.q[row + 1], w.q[top]) = (w.q[row] + key, w.q[row + 1] + low, w.q[top] + high);
        let told = i64::from(values[((w.q[row] >> shift) - q_min) as usize]);
        let before = std::mem::replace(&mut w.x[row], told);
        forgery.circuit.instance[OUTPUT] += int(told - before);
        if key.abs() == step {
            assert_ne!(told, before, "the statement must be false");
        }
        recount(&mut forgery);
        assert_eq!(violated(&forgery), look_up(), "{key} {low} {high}");
    }
}

#[test]
fn multiplicities_must_be_the_true_ones() {
    let network = Network::sample(2);
    let rows = network.circuit.tape.rows();
    let table = network.circuit.program.table_rows();
    for row in (1..rows - 1).step_by(5) {
        let mut forgery = network.forgery();
        columns(&mut forgery).m[row] += 1;
        assert_eq!(violated(&forgery), look_up(), "row {row}");
        // The same look-up counted at its neighbour, another entry, instead; behind the table all
        // entries are idle ones.
        let m = &mut columns(&mut forgery).m;
        if row < table && m[row + 1] > 0 {
            m[row + 1] -= 1;
            assert_eq!(
                violated(&forgery),
                look_up(),
                "row {row} for row {}",
                row + 1
            );
        }
    }
}

#[test]
fn entries_count_alike_on_rows_of_either_sigma() {
    // A long stream keeps rows of σ = 2 (restarts, shifts, level openings) among the table's.
    let network = Network::sample(1);
    let witness = network.circuit.witness.clone().unwrap();
    let table = network.circuit.program.table_rows();
    let mut looked_up = [0; 3];
    for row in 1..=table {
        let sigma = ops(&network.circuit.tape)[row].sigma();
        looked_up[sigma as usize] += witness.m[row];
        if sigma == 2 && witness.m[row] > 0 {
            // An entry that is stored without its factor is another entry.
            let (id, index) = (0..network.circuit.program.regions.len())
                .flat_map(|id| {
                    (0..network.circuit.program.regions[id].len()).map(move |index| (id, index))
                })
                .nth(row - 1)
                .unwrap();
            let mut forgery = network.forgery();
            forgery
                .fixed
                .push((Fixed::Table(0), row, Fr::from(id as u64)));
            forgery.fixed.push((
                Fixed::Table(1),
                row,
                int(network.circuit.program.regions[id].entry(index).0),
            ));
            assert_eq!(accepted(&forgery), id == 0, "row {row}");
        }
    }
    assert_eq!(looked_up[0], 0);
    assert!(looked_up[1] > 0 && looked_up[2] > 0, "{looked_up:?}");
}

#[test]
fn the_constant_is_one() {
    let network = Network::sample(2);
    let last = network.circuit.program.levels.len() - 1;
    let channel = network.circuit.program.levels[last].channels.len() - 1;
    assert_eq!(content(&network, last, channel).0, 1);
    let row = row_of(&network.circuit, last, channel);
    for (q, x) in [(0, 0), (0, 2), (0, -1), (1, 1), (1, 0)] {
        let mut forgery = network.forgery();
        (columns(&mut forgery).q[row], columns(&mut forgery).x[row]) = (q, x);
        recount(&mut forgery);
        assert!(violated(&forgery).contains("edge look-up"), "({q}, {x})");
    }
}

#[test]
fn another_opcode_is_another_circuit() {
    let network = Network::sample(2);
    let tape = &network.circuit.tape;
    let last = ops(tape).len() - 1;
    let first = ops(tape).iter().position(|op| *op == Op::Restart).unwrap();
    let mut tried: HashSet<(Op, Op)> = HashSet::new();
    for (row, &from) in ops(tape).iter().enumerate().skip(1) {
        for to in Op::ALL {
            // Up to the first stream an honest prover's sums are zero, which many opcodes keep (see
            // the sums' starts).
            if from == to
                || row == last
                || row <= first
                || !(tried.insert((from, to)) || row % 16 == 0)
            {
                continue;
            }
            let forgery = network.forgery().with_op(row, to);
            assert!(!accepted(&forgery), "row {row}: {to:?} for {from:?}");
        }
    }
    for pair in [
        (Op::Skip, Op::Hold),
        (Op::Channel, Op::Hold),
        (Op::Level, Op::Channel),
    ] {
        assert!(
            tried.contains(&pair),
            "{pair:?} does not occur in the sample"
        );
    }
}

#[test]
fn another_weight_is_another_circuit() {
    let network = Network::sample(2);
    for (row, column) in weights(&network.circuit.tape).into_iter().step_by(7) {
        let mut forgery = network.forgery();
        forgery
            .fixed
            .push((Fixed::Weight(column), row, Fr::from(4242)));
        assert_eq!(violated(&forgery), BTreeSet::from(["stream"]), "row {row}");
    }
}

#[test]
fn rows_out_of_reach_neither_help_nor_hurt() {
    let network = Network::sample(2);
    let rows = network.circuit.tape.rows();
    let usable = (1 << network.circuit.tape.height()) - verdict_circuit::BLINDING_ROWS;
    let mut forgery = network.forgery();
    let witness = columns(&mut forgery);
    witness.q.resize(usable, 0);
    witness.x.resize(usable, 0);
    witness.m.resize(usable, 0);
    // The context's row, the last edge (its opening of the next level is never loaded) and
    // everything behind it.
    for row in std::iter::once(0).chain(rows - 1..usable) {
        (witness.q[row], witness.x[row], witness.m[row]) = (5, -3, 2);
    }
    let forgery = closing(forgery, None);
    assert!(accepted(&forgery));
    let mut wrong = forgery;
    wrong.circuit.instance[OUTPUT] += Fr::ONE;
    assert_eq!(violated(&closing(wrong, None)), identity());
}

#[test]
fn the_sums_cannot_start_from_anything_but_zero() {
    let network = Network::sample(2);
    // h, S and y of row 0 are free; nothing reads them before they are opened anew.
    let mut free = network.forgery();
    free.forge = Some(Arc::new(|_, columns| {
        (columns[S][0], columns[Y][0]) = (Fr::from(8), Fr::from(9));
        // Until the first stream, nothing multiplies h.
        let held = columns[H].iter().position(|h| *h != Fr::ZERO).unwrap();
        columns[H][..held].fill(Fr::from(7));
    }));
    assert!(accepted(&free));
    let mut word = network.forgery();
    word.circuit.instance[OUTPUT] += Fr::ONE;
    // A start of `d` that makes up for the word: the first edge looks at it.
    let start = closing(word, Some((D, 0)));
    assert_eq!(violated(&start), identity());
    assert!(
        accepted(&start.with_op(1, Op::Channel)),
        "only the first edge looks at the start"
    );
    // A start of `L` that makes up for a wrong look-up.
    let mut forgery = network.forgery();
    let row = row_of(&network.circuit, 1, 0);
    columns(&mut forgery).x[row] += 1;
    forgery.circuit.instance[OUTPUT] += Fr::ONE;
    recount(&mut forgery);
    let end = network.circuit.tape.rows() - 2;
    forgery.forge = Some(Arc::new(move |_, columns| {
        let wrong = columns[L][end];
        columns[L].iter_mut().for_each(|sum| *sum -= wrong);
    }));
    assert_eq!(violated(&forgery), look_up());
    assert!(accepted(&forgery.with_op(1, Op::Channel)));
}

#[test]
fn a_word_too_many_would_forge_the_last_one_so_verifiers_count_words() {
    // The row behind the words belongs to the first stream, where nothing is opened: an instance
    // there would add to the last word. The circuit cannot tell; `Session::verify` and the contract
    // compare the count with the key's.
    let network = Network::sample(2);
    let mut forgery = network.forgery();
    let last = network.circuit.tape.words();
    forgery.circuit.instance[last] += Fr::from(5);
    forgery.circuit.instance.push(-Fr::from(5));
    assert!(
        accepted(&forgery),
        "if the circuit rejects this by itself, say so in the documents"
    );
    forgery.circuit.instance.pop();
    assert_eq!(violated(&forgery), identity());
}

#[test]
fn a_tape_may_fill_the_last_usable_row() {
    let network = Network::sample(2);
    let k = network.circuit.tape.height();
    let fits = |entries: i64| {
        let mut graph = support::network::sample();
        let missing = entries - graph.functions[1].table().unwrap().values.len() as i64;
        if let verdict_model::Function::Table(table) = &mut graph.functions[1] {
            table
                .values
                .extend(std::iter::repeat_n(1, missing as usize));
        }
        Network::new(graph, &[vec![3, -5, 9, 1], vec![200, 7]], 2, 3)
    };
    let table = network.circuit.program.table_rows() as i64;
    let now = network.lowered.graph().functions[1]
        .table()
        .unwrap()
        .values
        .len() as i64;
    // Rows are the table's, the context's and the last edge.
    let full = now + (1 << (k + 1)) - verdict_circuit::BLINDING_ROWS as i64 - 2 - table;
    let brimful = fits(full);
    assert_eq!(
        brimful.circuit.tape.rows() + verdict_circuit::BLINDING_ROWS,
        1 << brimful.circuit.tape.height()
    );
    assert!(accepted(&brimful.forgery()));
    assert_eq!(
        fits(full + 1).circuit.tape.height(),
        brimful.circuit.tape.height() + 1
    );
    let mut wrong = brimful.forgery();
    wrong.circuit.instance[OUTPUT] += Fr::ONE;
    assert_eq!(violated(&wrong), identity());
    assert_eq!(entry_row(&brimful.circuit.program, 0, 0), 1);
}
