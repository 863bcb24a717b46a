//! The command line follows the table of consumers: a new row is in every command, and nothing else
//! is.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::Place;
use verdict_consumers::{CONSUMERS, SOURCES};
use verdict_stories::STORIES;

/// The commands that `--help` of a command lists.
fn listed(help: &str) -> Vec<String> {
    let commands = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = commands.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(Into::into)
        .collect()
}

#[test]
fn every_row_is_a_subcommand() {
    let place = Place::new();
    let rows: Vec<&str> = CONSUMERS.iter().map(|kind| kind.name).collect();
    let with_other = [rows.as_slice(), &["other"]].concat();
    assert_eq!(listed(&place.ok(&["submit", "--help"])), rows);
    assert_eq!(listed(&place.ok(&["sign", "--help"])), with_other);
    assert_eq!(
        listed(&place.ok(&["evidence", "commit", "--help"])),
        with_other
    );
    let stories: Vec<&str> = STORIES.iter().map(|teller| teller.kind.name).collect();
    assert_eq!(stories, rows);
    for kind in CONSUMERS {
        let submit = place.ok(&["submit", kind.name, "--help"]);
        let sign = place.ok(&["sign", kind.name, "--help"]);
        assert!(submit.starts_with(kind.submits), "{submit}");
        assert!(sign.starts_with(kind.asks), "{sign}");
        for parameter in kind.parameters {
            let option = format!("--{}", parameter.name);
            assert!(submit.contains(&option), "{option}: {submit}");
            assert_eq!(
                sign.contains(&format!("{option} ")),
                parameter.asked,
                "{option}: {sign}"
            );
        }
        for (command, name) in [
            ("submit", kind.example.contract),
            ("sign", kind.example.asker),
        ] {
            let example = format!("verdict {command} {} {name}", kind.name);
            assert!(
                place.ok(&[command, "--help"]).contains(&example),
                "{example}"
            );
        }
        let call = place.ok(&["call", "--help"]);
        for usage in kind.usages() {
            assert!(
                call.contains(&format!("context {usage}")),
                "{usage}: {call}"
            );
        }
    }
    let evidence = place.ok(&["evidence", "--help"]);
    for source in SOURCES {
        assert!(evidence.contains(source.contract) && evidence.contains(source.evidence));
    }
}

#[test]
fn what_is_in_no_row_cannot_be_submitted_to() {
    let place = Place::new();
    place.fails(2, &["submit", "nothing", "x", "p.json"], &["nothing"]);
    place.fails(2, &["submit", "other", "x", "p.json"], &["other"]);
    place.fails(2, &["sign", "nothing", "x"], &["nothing"]);
    place.ok(&["deploy", "--dev", "--local", "c.json"]);
    let said = [
        "`context oracle [confirm]`, `context oracle TIME [confirm]`",
        "or `context airdrop NUMBER ROOT COUNT [PLACE]`",
    ];
    for words in [
        &["nothing"][..],
        &["guard"],
        &["oracle", "1", "confirm", "twice"],
        &[],
    ] {
        let call = ["call", "registry", "context"];
        let all = [&call[..], words, &["--local", "c.json"]].concat();
        place.fails(2, &all, &said);
    }
}

#[test]
fn options_keep_their_rules() {
    let place = Place::new();
    let submit = |more: &[&str], part: &str| {
        let all = [&["submit", "airdrop", "x", "p.json"], more].concat();
        place.fails(2, &all, &[part]);
    };
    submit(&["--entries", "e.csv"], "--number");
    submit(&["--number", "1"], "--entries");
    submit(&["--number", "1", "--count", "1"], "--root");
    let root = format!("0x{}", "1".repeat(64));
    submit(&["--number", "1", "--root", &root], "--count");
    submit(
        &[
            "--number",
            "1",
            "--root",
            &root,
            "--count",
            "1",
            "--entries",
            "e.csv",
        ],
        "cannot be used with",
    );
    submit(
        &["--number", "1", "--root", &root, "--count", "5000000000"],
        "5000000000",
    );
    place.fails(2, &["submit", "guard", "x", "p.json"], &["--anchor"]);
    place.fails(
        2,
        &["submit", "guard", "x", "p.json", "--anchor", "latest"],
        &["latest"],
    );
    place.fails(
        2,
        &["submit", "risk", "x", "p.json", "--deadline", "1"],
        &["--source"],
    );
    place.fails(2, &["sign", "oracle", "x", "--confirm"], &["--confirm"]);
}
