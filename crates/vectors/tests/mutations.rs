//! Thousands of ways of being wrong: the Rust verifier, our contract in revm, and the generated
//! contract in revm agree on good proofs and accept none of these; ours says why, for a bounded
//! amount of gas.
//!
//! `VERDICT_MUTATIONS=4` draws four times as many, and generates contracts for many more headers of
//! mutated keys.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

use alloy_primitives::Address;
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    env,
    panic::{AssertUnwindSafe, catch_unwind},
};
use verdict_model::Visibility;
use verdict_prover::verify_under;
use verdict_vectors::{
    evm::End,
    generated::{Contracts, Header, deploy},
    judge::{Bench, Chain, Layout, Model, Opinions},
    mutate::{Material, Mutant, draw, kinds},
    support::tau,
};
use verdict_wire::{VerifyingKeyParts, instance, parse_key};

/// Different mutants that all three verifiers must have been asked about, for each time that the
/// draws are multiplied by.
const WANTED: usize = 10_000;
/// Headers of mutated keys that contracts are generated for, if draws are not multiplied.
const HEADERS: usize = 12;
/// Public values that a contract is generated for at most: its code grows with them.
const MOST_VALUES: u16 = 8;

/// Draws of a kind for each model; some kinds have fewer different mutants. Not all verifiers can
/// be asked about all keys, and only ours about calldata.
fn draws(kind: &str) -> u64 {
    match kind.split(':').next() {
        Some("key") => 80,
        Some("calldata") => 40,
        _ => 120,
    }
}

#[derive(Default)]
struct Row {
    mutants: usize,
    gas: u64,
    native: usize,
    generated: usize,
    lenient: usize,
    errors: BTreeMap<String, usize>,
}

/// A model, what is made of it, and the number of the mutation's kind and of the draw.
struct Subject<'a> {
    model: &'a Model,
    material: Material,
    key: VerifyingKeyParts,
    mutants: Vec<(usize, u64, Mutant)>,
    /// The kinds that there is something of.
    drawn: BTreeSet<usize>,
}

fn models() -> [Model; 4] {
    let model = |name, inputs, width, pack, hidden| {
        let layout = Layout {
            inputs,
            width,
            pack,
            hidden,
        };
        Model::new(name, layout)
    };
    let (public, private) = (Visibility::Public, Visibility::Private);
    [
        model("logreg-breast-cancer", public, 1, 8, false),
        model("mlp-digits", private, 3, 2, false),
        model("logreg-breast-cancer", private, 5, 4, true),
        model("mlp-digits", private, 9, 8, true),
    ]
}

#[test]
fn three_verifiers_reject_every_mutation() {
    let times: u64 = env::var("VERDICT_MUTATIONS").map_or(1, |times| times.parse().unwrap());
    let models = models();
    let account = |index: usize| Address::repeat_byte(0xb0 + index as u8);
    let mut chain = Chain::default();
    for (index, model) in models.iter().enumerate() {
        chain
            .evm
            .put(account(index), [&[0], model.good.key.as_slice()].concat());
    }
    let subjects: Vec<Subject<'_>> = (0..models.len())
        .map(|index| {
            let (model, other) = (&models[index], (index + 1) % models.len());
            let material = Material {
                good: model.good.clone(),
                twin: model.twin.clone(),
                other: model.other.clone(),
                repacked: model.repacked.clone(),
                revealed: model.revealed.clone(),
                foreign: models[other].good.clone(),
                address: account(index),
                foreign_address: account(other),
            };
            let (mutants, drawn) = mutants(&material, times);
            Subject {
                model,
                key: parse_key(&model.good.key).unwrap(),
                mutants,
                drawn,
                material,
            }
        })
        .collect();
    let most = match times {
        1 => HEADERS,
        more => 4 * HEADERS * more as usize,
    };
    let headers = headers(&subjects, most);
    let contracts = deploy(&mut chain.evm, &headers, tau());
    println!("{} generated contracts", contracts.len());
    for model in &models {
        agree_on_good_proofs(&mut chain, model, &contracts);
    }

    let kinds = kinds();
    let mut rows: BTreeMap<(usize, &str), Row> = BTreeMap::new();
    let mut problems = Vec::new();
    for subject in &subjects {
        let said = judged(subject, &chain, &contracts);
        for ((kind, number, _), opinions) in subject.mutants.iter().zip(said) {
            let name = kinds[*kind].0;
            let row = rows.entry((*kind, name)).or_default();
            problems.extend(
                opinions
                    .problems
                    .iter()
                    .map(|problem| format!("{} / {name} #{number}: {problem}", subject.model.name)),
            );
            row.add(opinions);
        }
    }
    print(&rows);

    // The generated contract was asked about all that it rejects, and about what it can't tell from
    // the good one.
    let total: usize = rows
        .values()
        .map(|row| row.generated.min(row.native) - row.lenient)
        .sum();
    println!("{total} of all three verifiers");
    assert!(
        problems.is_empty(),
        "{} problems, e.g. {:#?}",
        problems.len(),
        &problems[..problems.len().min(20)]
    );
    let wanted = WANTED * times as usize;
    assert!(
        total >= wanted,
        "only {total} different mutants for all three"
    );
    for (kind, (name, _)) in kinds.iter().enumerate() {
        let drawn = subjects.iter().any(|subject| subject.drawn.contains(&kind));
        assert!(drawn, "{name}: no model has anything of it");
    }
    // Leniency is about encodings, so only of the kinds that make other encodings of the same.
    for ((_, name), row) in &rows {
        let encoding = [
            "+ multiple of r",
            // `P` evaluates to zero where nothing squares, and r is another encoding of that.
            "proof: word r",
            "proof: extended",
            "proof: truncated by bytes",
            "word repeated",
            "first word of",
        ];
        assert!(
            row.lenient == 0 || encoding.iter().any(|kind| name.contains(kind)),
            "{name}: {} lenient",
            row.lenient
        );
    }
}

/// Different mutants, and the kinds that they were drawn of: what is of two counts for the first.
fn mutants(material: &Material, times: u64) -> (Vec<(usize, u64, Mutant)>, BTreeSet<usize>) {
    let kinds = kinds();
    let mut seen = HashSet::new();
    let (mut mutants, mut drawn) = (Vec::new(), BTreeSet::new());
    for (kind, (name, mutate)) in kinds.iter().enumerate() {
        for number in 0..times * draws(name) {
            let Some(mutant) = draw(material, kind, *mutate, number) else {
                break;
            };
            drawn.insert(kind);
            if seen.insert(mutant.clone()) {
                mutants.push((kind, number, mutant));
            }
        }
    }
    (mutants, drawn)
}

/// The headers of good keys, and so many others that keys are mutated to most often.
fn headers(subjects: &[Subject<'_>], most: usize) -> BTreeSet<Header> {
    let mut times: BTreeMap<Header, usize> = BTreeMap::new();
    let mut headers = BTreeSet::new();
    for subject in subjects {
        headers.extend(Header::of(&subject.material.good.key));
        for (_, _, mutant) in &subject.mutants {
            if let Mutant::Key(statement) = mutant
                && let Some(header) = Header::of(&statement.key)
                && header.values <= MOST_VALUES
            {
                *times.entry(header).or_default() += 1;
            }
        }
    }
    let mut often: Vec<(usize, Header)> = times
        .into_iter()
        .map(|(header, times)| (times, header))
        .collect();
    often.sort();
    let often = often.iter().rev().map(|(_, header)| *header);
    headers.extend(
        often
            .filter(|it| !headers.contains(it))
            .take(most)
            .collect::<Vec<_>>(),
    );
    headers
}

fn judged(subject: &Subject<'_>, chain: &Chain, contracts: &Contracts) -> Vec<Opinions> {
    let bench = Bench {
        material: &subject.material,
        key: &subject.key,
        contracts,
    };
    subject
        .mutants
        .par_iter()
        .with_max_len(64)
        .map_init(
            || chain.clone(),
            |chain, (_, _, mutant)| {
                let judge = || bench.judge(chain, mutant);
                catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| Opinions {
                    problems: vec!["a verifier panics".into()],
                    ..Opinions::default()
                })
            },
        )
        .collect()
}

impl Row {
    fn add(&mut self, opinions: Opinions) {
        self.mutants += 1;
        self.gas = self.gas.max(opinions.gas);
        self.native += usize::from(opinions.native);
        self.generated += usize::from(opinions.generated);
        self.lenient += usize::from(opinions.lenient);
        let error = match opinions.publisher {
            Some(publisher) if publisher != "Accepted" => {
                format!("{publisher} → {}", opinions.ours)
            }
            _ => opinions.ours,
        };
        *self.errors.entry(error).or_default() += 1;
    }
}

fn print(rows: &BTreeMap<(usize, &str), Row>) {
    println!(
        "{:<52} {:>7} {:>6} {:>6} {:>8}  {:>8}  our errors",
        "kind", "mutants", "native", "gener.", "(lenient", "max gas"
    );
    let mut sum = Row::default();
    for ((_, name), row) in rows {
        let errors: Vec<String> = row
            .errors
            .iter()
            .map(|(error, count)| format!("{error} {count}"))
            .collect();
        println!(
            "{name:<52} {:>7} {:>6} {:>6} {:>8}  {:>8}  {}",
            row.mutants,
            row.native,
            row.generated,
            row.lenient,
            row.gas,
            errors.join(", ")
        );
        sum.mutants += row.mutants;
        sum.native += row.native;
        sum.generated += row.generated;
        sum.lenient += row.lenient;
        sum.gas = sum.gas.max(row.gas);
    }
    println!(
        "{:<52} {:>7} {:>6} {:>6} {:>8}  {:>8}",
        "all", sum.mutants, sum.native, sum.generated, sum.lenient, sum.gas
    );
}

fn agree_on_good_proofs(chain: &mut Chain, model: &Model, contracts: &Contracts) {
    let parts = parse_key(&model.good.key).unwrap();
    let contract = &contracts[&Header::of(&model.good.key).unwrap()];
    assert_eq!(chain.publish(&model.good.key).0, End::Accepted);
    for statement in [&model.good, &model.twin, &model.other] {
        let instance = instance(&statement.values).unwrap();
        verify_under(&parts, tau(), &instance, &statement.proof).unwrap();
        assert_eq!(
            chain.verify(Address::repeat_byte(0xc0), statement).0,
            End::Accepted
        );
        let (end, _) = contract.call(
            &mut chain.evm,
            &statement.key,
            &statement.values,
            &statement.proof,
        );
        assert_eq!(end, End::Accepted, "{}", model.name);
    }
}
