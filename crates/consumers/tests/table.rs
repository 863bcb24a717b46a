//! The tables of consumers and feature sources against everything that follows from them.
#![allow(clippy::unwrap_used, missing_docs)]

use alloy_primitives::{Address, B256};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use verdict_chain::{Artifact, ConfigFile, ConfigRules, config_template};
use verdict_consumers::{
    CONSUMERS, ConsumerError, Hint, SOURCES, Section, config_rules, consumer_kind, contract_of,
    kind_of, parameter::Arguments,
};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

/// Every row's rules of configuration.
fn rules() -> Vec<ConfigRules> {
    let consumers = CONSUMERS.iter().map(|kind| kind.config);
    consumers
        .chain(SOURCES.iter().map(|source| source.config))
        .collect()
}

#[test]
fn every_row_has_its_contracts() {
    for kind in CONSUMERS {
        assert!(
            kind.config.contracts.contains(&kind.contract),
            "{}",
            kind.name
        );
        assert_eq!(kind_of(kind.contract), (Section::Consumers, kind.name));
        assert_eq!(contract_of(kind.name), kind.contract);
        assert_eq!(consumer_kind(kind.name).unwrap().contract, kind.contract);
    }
    for source in SOURCES {
        assert_eq!(source.config.contracts, [source.contract]);
        assert_eq!(kind_of(source.contract), (Section::Sources, source.kind));
        assert_eq!(contract_of(source.kind), source.contract);
    }
    for rules in rules() {
        for contract in rules.contracts {
            assert!(!Artifact::load(contract).unwrap().bytecode.is_empty());
            assert_eq!(config_rules(contract).contracts, rules.contracts);
        }
    }
    assert_eq!(kind_of("MockToken"), (Section::Consumers, "MockToken"));
    assert!(consumer_kind("MockToken").is_none());
}

#[test]
fn every_hint_is_of_an_error_that_there_is() {
    let artifacts = Artifact::names().map(|name| Artifact::load(name).unwrap());
    let known: BTreeSet<String> = artifacts
        .flat_map(|artifact| {
            artifact
                .abi
                .errors()
                .map(|it| it.name.clone())
                .collect::<Vec<_>>()
        })
        .collect();
    let consumers = CONSUMERS.iter().flat_map(|kind| kind.hints);
    let mut seen = BTreeSet::new();
    for Hint { errors, .. } in consumers.chain(SOURCES.iter().flat_map(|source| source.hints)) {
        for error in *errors {
            assert!(known.contains(*error), "{error}");
            assert!(seen.insert(error), "{error} has two hints");
        }
    }
}

#[test]
fn every_answer_without_a_name_gets_one() {
    for kind in CONSUMERS {
        let artifact = Artifact::load(kind.contract).unwrap();
        for answers in kind.answers {
            let name = answers.function.split('(').next().unwrap();
            let functions = artifact.abi.function(name).unwrap();
            let function = functions
                .iter()
                .find(|it| it.signature() == answers.function);
            assert_eq!(
                function.unwrap().outputs.len(),
                answers.names.len(),
                "{}",
                answers.function
            );
        }
    }
}

/// Meanings are the contracts' own documentation, word for word.
#[test]
fn every_field_of_a_constructor_means_what_the_contract_says() {
    let mut sources = Vec::new();
    files(&repository().join("solidity/src"), "sol", &mut sources);
    let sources = sources.iter().map(|path| fs::read_to_string(path).unwrap());
    let words = |text: &str| {
        text.split_whitespace()
            .map(Into::into)
            .collect::<Vec<String>>()
            .join(" ")
    };
    let sources: Vec<String> = sources
        .map(|text| words(&text.replace("///", " ")))
        .collect();
    for rules in rules() {
        for field in rules.fields {
            let documented = format!("{} {}", field.name, field.meaning);
            let with_underscore = format!("{}_ {}", field.name, field.meaning);
            assert!(
                sources
                    .iter()
                    .any(|text| text.contains(&documented) || text.contains(&with_underscore)),
                "{}.{}: {}",
                field.of,
                field.name,
                field.meaning
            );
        }
        for contract in rules.contracts {
            let template = config_template(&Artifact::load(contract).unwrap(), &rules);
            let fields = template.lines().filter(|line| line.contains(" = "));
            for line in
                fields.filter(|line| !line.contains("name = ") && !line.contains("model = "))
            {
                assert!(line.contains(": "), "{contract}: {line} has no meaning");
            }
        }
    }
}

#[test]
fn a_template_has_no_field_that_its_contract_lacks() {
    let folder = tempfile::tempdir().unwrap();
    for rules in rules() {
        for contract in rules.contracts {
            let artifact = Artifact::load(contract).unwrap();
            let template = config_template(&artifact, &rules);
            // What can be left out is there to be read, too.
            let all = template.lines().fold(String::new(), |text, line| {
                let bare = line.strip_prefix("# ").filter(|line| line.contains(" = "));
                text + bare.unwrap_or(line) + "\n"
            });
            for (i, text) in [template.clone(), all].iter().enumerate() {
                let path = folder.path().join(format!("{contract}-{i}.toml"));
                fs::write(&path, text).unwrap();
                let config = ConfigFile::load(&path).unwrap();
                // Empty values are refused one by one, but none as unknown.
                let mut expand = |text: &str| Err(format!("`{text}` stands for nothing"));
                if let Err(error) = config.arguments(&artifact, &rules, &mut expand) {
                    let said = error.to_string();
                    assert!(said.contains(": expected "), "{said}");
                }
            }
        }
    }
}

#[test]
fn every_row_has_an_example_and_a_line_in_the_documentation() {
    let documented = fs::read_to_string(repository().join("solidity/README.md")).unwrap();
    for kind in CONSUMERS {
        let row = documented
            .lines()
            .find(|line| line.starts_with('|') && line.contains(&format!("{}`", kind.contract)));
        assert!(
            row.is_some(),
            "solidity/README.md has no row of {}",
            kind.contract
        );
        let example = format!("solidity/script/config/{}.example.json", kind.name);
        assert!(repository().join(&example).exists(), "{example}");
    }
}

#[test]
fn occasions_are_written_as_words() {
    let address = Address::repeat_byte(7);
    let root = format!("{}", B256::repeat_byte(3));
    let parse = |words: &[&str]| {
        let (name, words) = words.split_first().unwrap();
        consumer_kind(name).unwrap().parse(address, words, 41)
    };
    let facts = |words: &[&str]| -> Vec<String> {
        let facts = parse(words).unwrap().unwrap().facts().into_iter();
        facts.map(|fact| fact.value).collect()
    };
    assert!(facts(&["oracle"]).is_empty());
    assert!(facts(&["oracle", "confirm"]).is_empty());
    assert!(facts(&["oracle", "12", "confirm"]).is_empty());
    assert_eq!(facts(&["risk", "12"]), ["12"]);
    assert_eq!(facts(&["guard", "12"]), ["12"]);
    assert_eq!(facts(&["guard", "latest"]), ["41"]);
    assert_eq!(facts(&["airdrop", "1", &root, "4", "2"]), ["1", &root, "4"]);
    let refused = |words: &[&str], part: &str| {
        let error = parse(words).unwrap().unwrap_err();
        assert!(matches!(error, ConsumerError::Argument(_)), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(&["oracle", "confirmed"], "`confirmed` is not `confirm`");
    refused(
        &["oracle", "12", "confirmed"],
        "`confirmed` is not `confirm`",
    );
    refused(&["risk", "soon"], "`soon` is no number");
    refused(&["airdrop", "1", &root, "99999999999"], "too large");
    refused(&["airdrop", "1", "entries.csv", "4", "0"], "not 32 bytes");
    assert!(parse(&["guard"]).is_none());
    assert!(parse(&["airdrop", "1"]).is_none());
    assert!((consumer_kind("guard").unwrap().at)(address, &Arguments::new()).is_err());
    let usages: Vec<String> = CONSUMERS.iter().flat_map(|kind| kind.usages()).collect();
    assert_eq!(
        usages,
        [
            "oracle [confirm]",
            "oracle TIME [confirm]",
            "risk DEADLINE",
            "guard ANCHOR|latest",
            "airdrop NUMBER ENTRIES.csv [PLACE]",
            "airdrop NUMBER ROOT COUNT [PLACE]"
        ]
    );
}
