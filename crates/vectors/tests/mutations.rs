//! More than ten thousand ways of being wrong: halo2-axiom's verifier, ours in revm, and
//! snark-verifier's contract in revm agree on good proofs and accept none of these; ours says why,
//! for a bounded amount of gas.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

use alloy_primitives::Address;
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
};
use verdict_model::Visibility;
use verdict_vectors::{
    evm::End,
    field, halo2,
    judge::{self, Bench, Chain, Model, Opinions},
    mutate::{Material, Mutant, draw, kinds},
    snark::{self, Contract},
};
use verdict_wire::{instance, parse_key};

/// Different mutants that all three verifiers must have been asked about.
const WANTED: usize = 10_000;

/// Draws of a kind for each model; some kinds have fewer different mutants. Not all verifiers can
/// be asked about all keys, and only ours about calldata.
fn draws(kind: &str) -> u64 {
    match kind.split(':').next() {
        Some("key") => 200,
        Some("calldata") => 80,
        _ => 300,
    }
}

#[derive(Default)]
struct Row {
    mutants: usize,
    gas: u64,
    halo2: usize,
    snark: usize,
    lenient: usize,
    errors: BTreeMap<String, usize>,
}

#[test]
fn three_verifiers_reject_every_mutation() {
    let models = [
        Model::new("logreg-breast-cancer", Visibility::Public, 1),
        Model::new("mlp-digits", Visibility::Private, 3),
    ];
    let mut chain = Chain::default();
    let contracts = deploy_second_opinions(&mut chain, &models);
    agree_on_good_proofs(&mut chain, &models, &contracts);

    let account = |index: usize| Address::repeat_byte(0xb0 + index as u8);
    for (index, model) in models.iter().enumerate() {
        chain
            .evm
            .put(account(index), [&[0], model.good.key.as_slice()].concat());
    }
    let kinds = kinds();
    let mut rows: BTreeMap<(usize, &str), Row> = BTreeMap::new();
    let mut problems = Vec::new();
    for (index, model) in models.iter().enumerate() {
        let foreign = 1 - index;
        let material = Material {
            good: model.good.clone(),
            twin: model.twin.clone(),
            other: model.other.clone(),
            foreign: models[foreign].good.clone(),
            address: account(index),
            foreign_address: account(foreign),
        };
        let bench = Bench {
            model,
            material: &material,
            contract: &contracts[index],
            foreign_contract: &contracts[foreign],
        };
        let mut seen = HashSet::new();
        let mutants: Vec<(usize, u64, Mutant)> = (0..kinds.len())
            .flat_map(|kind| (0..draws(kinds[kind].0)).map(move |number| (kind, number)))
            .map(|(kind, number)| (kind, number, draw(&material, kind, kinds[kind].1, number)))
            .filter(|(_, _, mutant)| seen.insert(mutant.clone()))
            .collect();
        let opinions: Vec<Opinions> = mutants
            .par_iter()
            .with_max_len(64)
            .map_init(
                || chain.clone(),
                |chain, (_, _, mutant)| {
                    catch_unwind(AssertUnwindSafe(|| bench.judge(chain, mutant))).unwrap_or_else(
                        |_| Opinions {
                            problems: vec!["a verifier panics".into()],
                            ..Opinions::default()
                        },
                    )
                },
            )
            .collect();
        for ((kind, number, _), opinions) in mutants.iter().zip(opinions) {
            let name = kinds[*kind].0;
            let row = rows.entry((*kind, name)).or_default();
            row.mutants += 1;
            row.gas = row.gas.max(opinions.gas);
            row.halo2 += usize::from(opinions.halo2);
            row.snark += usize::from(opinions.snark);
            row.lenient += usize::from(opinions.lenient);
            let error = match opinions.publisher {
                Some(publisher) if publisher != "Accepted" => {
                    format!("{publisher} → {}", opinions.ours)
                }
                _ => opinions.ours,
            };
            *row.errors.entry(error).or_default() += 1;
            problems.extend(
                opinions
                    .problems
                    .into_iter()
                    .map(|problem| format!("{} / {name} #{number}: {problem}", model.name)),
            );
        }
    }
    print(&rows);

    // snark-verifier's contract was asked about all that it rejects, and about what it can't tell
    // from the good one.
    let total: usize = rows
        .values()
        .map(|row| row.snark.min(row.halo2) - row.lenient)
        .sum();
    assert!(
        problems.is_empty(),
        "{} problems, e.g. {:#?}",
        problems.len(),
        &problems[..problems.len().min(20)]
    );
    assert!(
        total >= WANTED,
        "only {total} different mutants for all three"
    );
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

fn print(rows: &BTreeMap<(usize, &str), Row>) {
    println!(
        "{:<52} {:>7} {:>6} {:>6} {:>8}  {:>8}  our errors",
        "kind", "mutants", "halo2", "snark", "(lenient", "max gas"
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
            row.halo2,
            row.snark,
            row.lenient,
            row.gas,
            errors.join(", ")
        );
        sum.mutants += row.mutants;
        sum.halo2 += row.halo2;
        sum.snark += row.snark;
        sum.lenient += row.lenient;
        sum.gas = sum.gas.max(row.gas);
    }
    println!(
        "{:<52} {:>7} {:>6} {:>6} {:>8}  {:>8}",
        "all", sum.mutants, sum.halo2, sum.snark, sum.lenient, sum.gas
    );
}

fn deploy_second_opinions(chain: &mut Chain, models: &[Model]) -> Vec<Contract> {
    let sources: Vec<String> = models
        .iter()
        .map(|model| {
            let session = &model.proved.session;
            snark::solidity(
                session.srs().params(),
                session.keys().verifying(),
                model.good.values.len(),
            )
        })
        .collect();
    snark::creation_codes(&sources)
        .into_iter()
        .zip(models)
        .map(|(code, model)| {
            let width = model.proved.session.keys().on_chain().width;
            Contract::deploy(&mut chain.evm, code, model.good.values.len(), width)
        })
        .collect()
}

fn agree_on_good_proofs(chain: &mut Chain, models: &[Model], contracts: &[Contract]) {
    for (model, contract) in models.iter().zip(contracts) {
        let parts = parse_key(&model.good.key).unwrap();
        assert_eq!(parts, model.proved.session.keys().on_chain());
        assert_eq!(chain.publish(&model.good.key).0, End::Accepted);
        for statement in [&model.good, &model.twin, &model.other] {
            let instance = instance(&statement.values).unwrap();
            model
                .proved
                .session
                .verify(&instance, &statement.proof)
                .unwrap();
            // The way mutated keys are asked about says yes to the good one, too.
            assert!(halo2::accepts(
                &parts,
                model.proved.session.srs().params(),
                &instance,
                &statement.proof
            ));
            assert_eq!(
                chain.verify(Address::repeat_byte(0xc0), statement).0,
                End::Accepted
            );
            assert_eq!(
                contract.call(&mut chain.evm, &statement.values, &statement.proof),
                End::Accepted
            );
        }
    }
}

/// snark-verifier's contract of a mutated key, made by replacing words in the code of the good
/// one's, is the one that snark-verifier would generate.
#[test]
fn replacing_words_is_the_same_as_generating_again() {
    let model = Model::new("logreg-breast-cancer", Visibility::Public, 1);
    let session = &model.proved.session;
    let mut parts = session.keys().on_chain();
    let (first, last) = (
        field::to_words(&parts.commitments[0]),
        field::to_words(parts.commitments.last().unwrap()),
    );
    parts.commitments[0] = field::from_words(field::doubled(last));
    *parts.commitments.last_mut().unwrap() = field::from_words(field::doubled(first));
    let mutated = halo2::key_of(&parts).unwrap();
    parts.representation = mutated.transcript_repr();
    let count = model.good.values.len();
    let sources = [session.keys().verifying(), &mutated]
        .map(|key| snark::solidity(session.srs().params(), key, count));

    let mut chain = Chain::default();
    let [good, other] = snark::creation_codes(&sources).try_into().unwrap();
    let good = Contract::deploy(&mut chain.evm, good, count, 1);
    let other = Contract::deploy(&mut chain.evm, other, count, 1);
    let changes = judge::changes(&model.good.key, &verdict_wire::key_bytes(&parts)).unwrap();
    assert_eq!(changes.len(), 5);
    assert_ne!(good.code, other.code);
    let patched = good.with_words(&changes).unwrap();
    assert!(patched == other.code);
}
