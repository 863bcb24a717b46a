//! Set-ups, caches and disks that fail.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Place, binary, damage, files, vector};
use halo2curves_axiom::{bn256::G2Affine, serde::SerdeObject};
use std::process::{Command, Output};

const MODEL: &str = "logreg-breast-cancer";

#[test]
fn an_imported_setup_proves_without_dev() {
    let place = Place::new();
    place.setup("setup.bin", 11);
    let kept = place.json(&["srs", "import", "setup.bin", "--k", "10"]);
    assert_eq!(
        (&kept["points"], &kept["development"]),
        (&1024.into(), &false.into())
    );
    let digest = kept["digest"].as_str().unwrap().to_owned();
    let list = place.json(&["srs", "list"]);
    assert_eq!(list[0]["digest"], digest.as_str());
    assert_eq!(list[0]["ceremony"], serde_json::Value::Null);
    assert!(place.ok(&["srs", "list"]).contains("of no known ceremony"));

    place.compile(MODEL);
    let (model, input) = (format!("{MODEL}.verdict"), vector(MODEL, "input.json"));
    let context = format!("0x{:064x}", 42);
    let proved = place.json(&[
        "prove",
        &model,
        "--input",
        &input,
        "--srs",
        &digest[..8],
        "--context",
        &context,
    ]);
    assert_eq!(proved["development_setup"], false);
    let verified = place.json(&[
        "verify",
        "proof.json",
        "--evm",
        "--model",
        &model,
        "--context",
        &context,
    ]);
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["evm"]["development_setup"], false);
    // Under the development set-up it is worth nothing, and that is said before anything is
    // verified.
    place.fails(
        4,
        &["verify", "--evm", "--dev", "proof.json"],
        &["belongs to set-up", &digest],
    );
    place.fails(
        5,
        &["prove", &model, "--input", &input, "--srs", "ffff"],
        &["begins with `ffff`"],
    );
}

#[test]
fn a_setup_is_the_expected_one_or_not_imported() {
    let place = Place::new();
    place.setup("setup.bin", 6);
    let import = ["srs", "import", "setup.bin"];
    let wrong = "0".repeat(32);
    let expect = [&import[..], &["--expect", &wrong]].concat();
    place.fails(
        4,
        &expect,
        &["setup.bin has", &wrong, "nothing was imported"],
    );
    assert_eq!(place.json(&["srs", "list"]), serde_json::json!([]));
    let done = place
        .run(&[&["--json"], &import[..]].concat())
        .assert()
        .success();
    let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(
        said.contains("WARNING: this set-up is of no known ceremony"),
        "{said}"
    );
    let kept: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    let digest = kept["digest"].as_str().unwrap();
    place.ok(&[&import[..], &["--expect", digest]].concat());
}

#[test]
fn a_verifier_of_no_known_ceremony_is_deployed_only_if_asked_for() {
    let place = Place::new();
    place.setup("setup.bin", 6);
    place.ok(&["srs", "import", "setup.bin"]);
    let deploy = ["deploy", "--local", "chain.json"];
    place.fails(
        5,
        &deploy,
        &["of no known ceremony", "--allow-unknown-setup"],
    );
    assert!(!place.path("chain.json").exists());
    let asked = [&deploy[..], &["--allow-unknown-setup"]].concat();
    let deployed = place.json(&asked);
    assert_eq!(deployed["development_setup"], false);

    // The same of a configuration, which is all that counts where there is one.
    let core = serde_json::json!({
        "route": "verdict-kzg-bn254-v1",
        "registry": {"minimumDelay": 172_800, "executionWindow": 1_209_600},
        "gateway": {
            "admin": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            "adminDelay": 86_400,
            "guardian": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
            "allowDevelopmentSetup": false,
        },
    });
    let mut allowed = core.clone();
    allowed["allowUnknownSetup"] = true.into();
    place.write("core.json", core.to_string());
    place.write("allowed.json", allowed.to_string());
    let local = [
        "deploy",
        "--local",
        "c.json",
        "--deployment",
        "d.json",
        "--config",
    ];
    let refused = [&local[..], &["core.json"]].concat();
    place.fails(5, &refused, &["of no known ceremony", "allowUnknownSetup"]);
    let both = [&refused[..], &["--allow-unknown-setup"]].concat();
    place.fails(2, &both, &["cannot be used with"]);
    place.ok(&[&local[..], &["allowed.json"]].concat());
}

#[test]
fn without_a_home_there_is_no_cache_in_the_working_directory() {
    let place = Place::new();
    place.compile(MODEL);
    let (model, input) = (format!("{MODEL}.verdict"), vector(MODEL, "input.json"));
    let homeless = |arguments: &[&str]| {
        let mut command = place.run(arguments);
        for variable in ["VERDICT_CACHE", "XDG_CACHE_HOME", "HOME"] {
            command.env_remove(variable);
        }
        command.assert()
    };
    let before = std::fs::read_dir(place.path(".")).unwrap().count();
    for arguments in [
        &["srs", "list"][..],
        &["srs", "dev", "--k", "4"],
        &["prove", &model, "--input", &input],
    ] {
        let done = homeless(arguments).code(5);
        let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        assert!(said.contains("set VERDICT_CACHE"), "{said}");
    }
    // Caching is a convenience where the set-up can be made.
    homeless(&["prove", &model, "--input", &input, "--dev"]).success();
    let after = std::fs::read_dir(place.path(".")).unwrap().count();
    assert_eq!(after, before + 1, "the proof and nothing else");
}

#[test]
fn the_development_setup_is_refused_in_disguise() {
    let place = Place::new();
    place.ok(&["srs", "dev", "--k", "9"]);
    // A cache entry is a header of 40 bytes, 512 points and [τ]_2: as halo2's file has them between
    // the height and a basis that nobody reads, and [1]_2.
    let entry = std::fs::read(place.cache("srs/development/512")).unwrap();
    let (powers, tau) = entry[40..].split_at(64 * 512);
    let one = G2Affine::generator().to_raw_bytes();
    let file = [&9u32.to_le_bytes()[..], powers, powers, &one, tau].concat();
    place.write("disguised.bin", &file);
    let kept = place.json(&["srs", "import", "disguised.bin"]);
    assert_eq!(kept["development"], true);
    place.compile(MODEL);
    let (model, input) = (format!("{MODEL}.verdict"), vector(MODEL, "input.json"));
    place.fails(
        5,
        &["prove", &model, "--input", &input],
        &["no set-up is imported"],
    );
    let digest = kept["digest"].as_str().unwrap();
    place.fails(
        5,
        &["prove", &model, "--input", &input, "--srs", digest],
        &["--dev only"],
    );
}

#[test]
fn a_setup_that_is_too_small() {
    let place = Place::new();
    place.setup("setup.bin", 6);
    place.fails(
        5,
        &["srs", "import", "setup.bin", "--k", "20"],
        &["64 points", "1048576"],
    );
    place.ok(&["srs", "import", "setup.bin"]);
    place.compile(MODEL);
    let (model, input) = (format!("{MODEL}.verdict"), vector(MODEL, "input.json"));
    place.fails(
        5,
        &["prove", &model, "--input", &input],
        &["more than 64 points", "larger set-up"],
    );
    place.fails(
        5,
        &["prove", &model, "--input", &input, "--dev", "--max-k", "4"],
        &["height above 4"],
    );
    place.fails(
        5,
        &["estimate", &model, "--max-k", "4"],
        &["height above 4"],
    );
}

#[test]
fn a_setup_that_is_damaged() {
    let place = Place::new();
    let path = place.setup("setup.bin", 6);
    let whole = std::fs::read(&path).unwrap();
    place.write("cut.bin", &whole[..whole.len() - 1]);
    place.fails(
        5,
        &["srs", "import", "cut.bin"],
        &["cut.bin is not a usable set-up"],
    );
    // The second power becomes another valid point: only the pairings notice.
    let mut moved = whole.clone();
    moved.copy_within(4 + 64 * 3..4 + 64 * 4, 4 + 64 * 2);
    place.write("moved.bin", moved);
    place.fails(
        5,
        &["srs", "import", "moved.bin"],
        &["not consecutive powers"],
    );
    place.write("text.ptau", "ptau, but not really");
    place.fails(
        5,
        &["srs", "import", "text.ptau"],
        &["text.ptau is not a usable set-up"],
    );
}

#[test]
fn corrupt_caches() {
    let place = Place::new();
    place.prove(MODEL);
    let (model, input) = (format!("{MODEL}.verdict"), vector(MODEL, "input.json"));
    let prove = [
        "prove",
        &model,
        "--input",
        &input,
        "--dev",
        "--optimize",
        "time",
    ];
    for folder in ["srs", "keys"] {
        let entries = files(&place.cache(folder));
        assert!(!entries.is_empty(), "{folder}");
        let wholes: Vec<Vec<u8>> = entries
            .iter()
            .map(|path| std::fs::read(path).unwrap())
            .collect();
        for path in &entries {
            damage(path);
        }
        place.fails(
            5,
            &prove,
            &["is corrupt", folder, "delete it and run again"],
        );
        for (path, whole) in entries.iter().zip(&wholes) {
            std::fs::write(path, &whole[..20]).unwrap();
        }
        place.fails(5, &prove, &["is corrupt", folder]);
        for (path, whole) in entries.iter().zip(&wholes) {
            std::fs::write(path, whole).unwrap();
        }
        place.ok(&prove);
    }
}

/// Runs `verdict ARGUMENTS` where `full/` has room for 64 KiB, less `filler`, and notes what is
/// left in it afterwards: on a small file system of its own where that is allowed, under a limit of
/// file sizes where it is not.
fn with_little_room(place: &Place, cache: &str, filler: &str, arguments: &str) -> Output {
    std::fs::create_dir_all(place.path("full")).unwrap();
    let bash = |script: &str, namespace: Option<&str>| {
        let mut command = Command::new(if namespace.is_some() {
            "unshare"
        } else {
            "bash"
        });
        if let Some(namespace) = namespace {
            command.args([namespace, "bash"]);
        }
        command
            .args(["-c", script])
            .current_dir(place.path(""))
            .env("VERDICT_CACHE", place.path(cache))
            .output()
    };
    let verdict = format!(
        "'{}' {arguments}; code=$?; ls -A full >&3; exit $code",
        binary().display()
    );
    let mount = "exec 3>left.txt; mount -t tmpfs -o size=64k none full";
    for namespace in ["-m", "-rm"] {
        if bash(mount, Some(namespace)).is_ok_and(|output| output.status.success()) {
            let script = format!("{mount} && head -c {filler} /dev/zero >full/filler && {verdict}");
            return bash(&script, Some(namespace)).unwrap();
        }
    }
    // A process that ignores the signal gets an error instead.
    bash(
        &format!("exec 3>left.txt; trap '' XFSZ; ulimit -f 1; {verdict}"),
        None,
    )
    .unwrap()
}

#[test]
fn a_full_disk() {
    let place = Place::new();
    place.compile(MODEL);
    let refused = |output: Output, path: &str| {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(6), "{message}");
        assert!(
            message.contains("cannot write") && message.contains(path),
            "{message}"
        );
        assert!(message.contains("space"), "{message}");
        let left = std::fs::read_to_string(place.path("left.txt")).unwrap();
        for name in left.split_whitespace() {
            assert!(name == "srs" || name == "filler", "left behind: {name}");
        }
    };
    // A model of 100,000 weights does not fit.
    let (onnx, data) = (
        vector("mlp-digits28", "model.onnx"),
        vector("mlp-digits28", "calibration.npz"),
    );
    let compile =
        format!("compile '{onnx}' --calibration '{data}' --activation-bits 8 --out full/m.verdict");
    refused(
        with_little_room(&place, "cache", "0", &compile),
        "m.verdict",
    );
    // A proof finds nothing.
    let input = vector(MODEL, "input.json");
    let prove = format!(
        "prove {MODEL}.verdict --input '{input}' --dev --optimize time --out full/proof.json"
    );
    refused(
        with_little_room(&place, "cache", "64K", &prove),
        "proof.json",
    );
    // Nor does a set-up of 1,024 points in the cache.
    refused(
        with_little_room(&place, "full", "0", "srs dev --k 10"),
        "srs/development",
    );
}

#[test]
fn results_that_cannot_be_printed() {
    let place = Place::new();
    place.compile(MODEL);
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let script = format!(
        "'{}' estimate {MODEL}.verdict --json >/dev/full",
        binary().display()
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{message}");
    assert!(message.contains("standard output"), "{message}");
}
