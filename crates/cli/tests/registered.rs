//! What is stated of a registered version, and by whom it is checked: `verdict audit --registered`
//! finds nothing in honest registrations and names every lie in others; `verdict register` sends
//! nothing that it did not recompute.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use alloy_primitives::{B256, Bytes, U256, Uint};
use common::{
    Place,
    chain::{Anvil, KEY, with},
    consumer::{CHAIN, local, ok},
};
use serde_json::Value;
use std::{path::Path, sync::LazyLock};
use verdict_chain::{
    Artifact, ChainExt, Core, Deployment, EmbeddedChain, Registration, RpcChain, SignerSource,
    bindings::{
        gateway::IVerdictGateway::{addRouteCall, freezeRouteCall},
        registry::IModelRegistry::deprecateVersionCall,
    },
    register_model,
};
use verdict_engine::Bundle;
use verdict_wire::{COMMITTED_INPUT, ModelSpec, PRIVATE_INPUT, PUBLIC_INPUT};

/// Compiles a model of the consumers, makes its bundle: `NAME.verdict`, `NAME.bundle.json`.
fn bundled(place: &Place, name: &str, model: &str, compile: [&str; 2], bundle: &[&str]) {
    let (file, [input, bits]) = (format!("{name}.verdict"), compile);
    let how = ["--optimize", "time", "--input", input, "--table-bits", bits];
    place.compile_to(&file, model, &how);
    place.ok(&with(&["bundle", &file, "--dev"], bundle));
}

/// The core, and what the tests register: made once.
static WORLD: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    let (oracle, batch) = ("consumers/oracle", ["--batch", "4"]);
    bundled(&place, "public", oracle, ["public", "10"], &[]);
    bundled(&place, "other", oracle, ["public", "11"], &[]);
    bundled(&place, "committed", oracle, ["committed", "10"], &[]);
    bundled(&place, "batch", oracle, ["committed", "10"], &batch);
    bundled(&place, "unseen", oracle, ["private", "10"], &batch);
    for (name, grid) in [("trees", "even"), ("ranks", "auto")] {
        let (file, how) = (format!("{name}.verdict"), ["--input-grid", grid]);
        let public = [
            "--optimize",
            "time",
            "--input",
            "public",
            "--table-bits",
            "10",
        ];
        place.compile_to(&file, "tiny-tree", &with(&public, &how));
        place.ok(&["bundle", &file, "--dev"]);
    }
    ok(&place, &["deploy", "--dev"]);
    place
});

/// A copy of it.
fn world() -> Place {
    let place = Place::new();
    for folder in ["deployments", "cache"] {
        copy(&WORLD.path(folder), &place.path(folder));
    }
    for name in [
        "public",
        "other",
        "committed",
        "batch",
        "unseen",
        "trees",
        "ranks",
    ] {
        for kind in ["verdict", "bundle.json"] {
            let file = format!("{name}.{kind}");
            std::fs::copy(WORLD.path(&file), place.path(&file)).unwrap();
        }
    }
    std::fs::copy(WORLD.path("chain.json"), place.path("chain.json")).unwrap();
    place
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn core(place: &Place) -> Core {
    let path = place.path("deployments/31337.json");
    Deployment::load(&path).unwrap().core
}

/// Does something to the chain's file.
fn on_chain<T>(place: &Place, act: impl FnOnce(&mut EmbeddedChain) -> T) -> T {
    let path = place.path("chain.json");
    let mut chain = EmbeddedChain::open(&path).unwrap();
    let done = act(&mut chain);
    chain.save(&path).unwrap();
    done
}

fn honest(place: &Place, name: &str) -> Registration {
    let bundle = Bundle::load(&place.path(&format!("{name}.bundle.json"))).unwrap();
    Registration {
        model_hash: bundle.model,
        spec: bundle.spec,
        breakpoints: bundle.breakpoints,
        key: bundle.key,
        uri: String::new(),
    }
}

/// Registers whatever it is told, as any owner can; the model's id.
fn register(place: &Place, core: &Core, registration: &Registration) -> String {
    let registered = on_chain(place, |chain| {
        register_model(chain, core, registration, None)
    });
    registered.unwrap().0.model_id.to_string()
}

/// The parts in which a registered version differs, with the exit code that says so.
#[track_caller]
fn differing(place: &Place, model: &str, id: &str, more: &[&str]) -> Vec<String> {
    differing_on(place, &CHAIN, model, id, more)
}

#[track_caller]
fn differing_on(
    place: &Place,
    chain: &[&str],
    model: &str,
    id: &str,
    more: &[&str],
) -> Vec<String> {
    let audit = ["--json", "audit", model, "--registered", id, "--dev"];
    let done = place
        .run(&with(&with(&audit, chain), more))
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&done.stderr);
    let report: Value =
        serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {message}"));
    let lines = report["lines"].as_array().unwrap();
    let differing = lines.iter().filter(|line| line["outcome"] == "differs");
    let parts: Vec<String> = differing
        .map(|line| line["part"].as_str().unwrap().to_owned())
        .collect();
    let code = if parts.is_empty() { 0 } else { 4 };
    assert_eq!(done.status.code(), Some(code), "{message}");
    assert_eq!(report["passes"], parts.is_empty());
    assert_eq!(report["bundle_digest"].is_null(), !parts.is_empty());
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    parts
}

#[test]
fn honest_registrations_have_nothing_that_differs() {
    let place = world();
    for (name, batch) in [
        ("public", None),
        ("committed", None),
        ("batch", Some("4")),
        ("trees", None),
        ("ranks", None),
    ] {
        let (model, bundle) = (format!("{name}.verdict"), format!("{name}.bundle.json"));
        let register = [
            "register", &model, "--name", name, "--bundle", &bundle, "--dev",
        ];
        let registered = place.json(&local(&register));
        assert_eq!(registered["done"], "registered");
        assert_eq!(differing(&place, &model, name, &[]), [""; 0], "{name}");
        // With the bundle, whose digest the chain's is compared with, and the batch said.
        let batch = batch.map_or(vec![], |items| vec!["--batch", items]);
        let more = with(&["--bundle", &bundle], &batch);
        let version = format!("{}:1", registered["model"]["modelId"]);
        assert_eq!(
            differing(&place, &model, &version, &more),
            [""; 0],
            "{name}"
        );
        let audited = place.json(&["audit", &model, "--bundle", &bundle, "--dev"]);
        let made = place.read_json(&bundle);
        assert_eq!(audited["bundle_digest"], made["bundle"], "{name}");
        // The key as an explorer shows it, behind its STOP.
        let code = format!("0x00{}", &made["verifying_key"].as_str().unwrap()[2..]);
        place.write("code.hex", code);
        let key = ["audit", &model, "--key", "code.hex", "--dev"];
        assert_eq!(place.json(&with(&key, &batch))["passes"], true, "{name}");
    }
    // What a stranger is told, in words.
    let said = ok(
        &place,
        &["audit", "public.verdict", "--registered", "public", "--dev"],
    );
    for part in [
        "code of ModelRegistry",
        "vkHash",
        "circuitHash",
        "Nothing differs",
    ] {
        assert!(said.contains(part), "{said}");
    }
    // Another model than the registered one; a name, a version that nobody registered.
    let other = differing(&place, "other.verdict", "public", &[]);
    assert!(other.contains(&"modelHash".into()), "{other:?}");
    let audit = ["audit", "public.verdict", "--dev", "--registered"];
    for (code, id, said) in [
        (2, "nobody", "no model of the deployment"),
        (2, "1:x", "is no version"),
        (4, "1:9", "VersionNotFound"),
        (4, "77", "ModelNotFound"),
    ] {
        place.fails(code, &local(&with(&audit, &[id])), &[said]);
    }
    let unasked = ["audit", "public.verdict", "--registered", "public"];
    place.fails(5, &local(&unasked), &["no set-up is imported"]);
}

/// A lie in a spec: of which model, what is changed, and where it shows.
type SpecLie = (&'static str, fn(&mut ModelSpec), &'static [&'static str]);

/// Each registers: the registry cannot tell.
const SPEC_LIES: &[SpecLie] = &[
    (
        "public",
        |spec| spec.inputs[0].scalesE36[0] += Uint::from(1),
        &["spec inputs[0].scalesE36"],
    ),
    (
        "public",
        |spec| spec.outputs[0].scaleE36 -= Uint::from(1),
        &["spec outputs[0].scaleE36"],
    ),
    (
        "public",
        |spec| spec.inputs[0].zeroPoints[0] += 1,
        &["spec inputs[0].zeroPoints"],
    ),
    (
        "public",
        |spec| spec.inputs[0].minima[0] += 1,
        &["spec inputs[0].minima"],
    ),
    (
        "public",
        |spec| spec.inputs[0].maxima[0] -= 1,
        &["spec inputs[0].maxima"],
    ),
    (
        "public",
        |spec| spec.outputs[0].packing = 2,
        &["spec outputs[0].packing"],
    ),
    (
        "public",
        |spec| spec.outputs[0].count += 1,
        &["spec outputs[0].count"],
    ),
    // Public inputs said to be committed to, and the other way round: as many public values.
    (
        "public",
        |spec| (spec.inputs[0].visibility, spec.commitments) = (COMMITTED_INPUT, 1),
        &["spec commitments", "spec inputs[0].visibility"],
    ),
    (
        "committed",
        |spec| (spec.inputs[0].visibility, spec.commitments) = (PUBLIC_INPUT, 0),
        &["spec commitments", "spec inputs[0].visibility"],
    ),
    // Unseen inputs said to be public: Coverage would take them for covered.
    (
        "unseen",
        |spec| {
            let mut more = spec.inputs[0].clone();
            more.visibility = PRIVATE_INPUT;
            spec.inputs.push(more);
        },
        &["spec inputs"],
    ),
    (
        "batch",
        |spec| (spec.commitments, spec.outputs[0].count) = (3, 16),
        &["spec commitments", "spec outputs[0].count"],
    ),
    (
        "public",
        |spec| spec.keyProof = B256::repeat_byte(7),
        &["spec keyProof"],
    ),
];

#[test]
fn a_lie_in_a_spec_is_named() {
    let place = world();
    let core = core(&place);
    for (model, lie, parts) in SPEC_LIES {
        let mut registration = honest(&place, model);
        lie(&mut registration.spec);
        let id = register(&place, &core, &registration);
        let more: &[&str] = match *model {
            "batch" | "unseen" => &["--batch", "4"],
            _ => &[],
        };
        let found = differing(&place, &format!("{model}.verdict"), &id, more);
        assert_eq!(found, *parts, "{model}");
    }
    // The number of items: with the batch said it is named, without it no such key can be made.
    let mut registration = honest(&place, "unseen");
    registration.spec.inputItems = Uint::from(5);
    let id = register(&place, &core, &registration);
    let said = differing(&place, "unseen.verdict", &id, &["--batch", "4"]);
    assert_eq!(said, ["spec inputItems"]);
    let told = differing(&place, "unseen.verdict", &id, &[]);
    assert!(told.contains(&"spec outputs[0].count".into()), "{told:?}");
    assert!(told.iter().any(|part| part.starts_with("key ")), "{told:?}");
    // As many as a spec can say: refused before anything is laid out.
    registration.spec.inputItems = Uint::from((1 << 24) - 1);
    let id = register(&place, &core, &registration);
    let told = differing(&place, "unseen.verdict", &id, &[]);
    assert!(told.contains(&"key".into()), "{told:?}");
}

/// No other table can pass for the model's, and its inputs not for those of an even grid.
#[test]
fn other_breakpoints_are_named() {
    let place = world();
    let core = core(&place);
    let mut lie = honest(&place, "ranks");
    lie.breakpoints = B256::repeat_byte(7);
    let id = register(&place, &core, &lie);
    let found = differing(&place, "ranks.verdict", &id, &[]);
    assert_eq!(found, ["spec breakpoints"]);
    lie.breakpoints = B256::ZERO;
    lie.spec.inputs[0]
        .scalesE36
        .fill(Uint::from(10).pow(Uint::from(36)));
    let id = register(&place, &core, &lie);
    let found = differing(&place, "ranks.verdict", &id, &[]);
    assert_eq!(found, ["spec inputs[0].scalesE36", "spec breakpoints"]);
}

#[test]
fn a_lie_about_the_model_or_its_key_is_named() {
    let place = world();
    let own = core(&place);
    let (public, other) = (honest(&place, "public"), honest(&place, "other"));
    // Registered with another model's key: proofs of that model would count as this one's.
    let foreign = Registration {
        key: other.key.clone(),
        ..public.clone()
    };
    let id = register(&place, &own, &foreign);
    let found = differing(&place, "public.verdict", &id, &[]);
    assert!(
        found.iter().all(|part| part.starts_with("key ")),
        "{found:?}"
    );
    assert!(found.contains(&"key W_0".into()), "{found:?}");
    // And whoever has the other model is not told that it is that one.
    let found = differing(&place, "other.verdict", &id, &[]);
    assert_eq!(found[0], "modelHash");

    let renamed = Registration {
        model_hash: other.model_hash,
        ..public.clone()
    };
    let id = register(&place, &own, &renamed);
    assert_eq!(differing(&place, "public.verdict", &id, &[]), ["modelHash"]);

    // A key whose one commitment is another point of the curve.
    let mut bent = public.key.to_vec();
    let last = bent.len() - 64;
    let point = bent[last - 64..last].to_vec();
    bent[last..].copy_from_slice(&point);
    let bent = Registration {
        key: bent.into(),
        ..public.clone()
    };
    let id = register(&place, &own, &bent);
    let found = differing(&place, "public.verdict", &id, &[]);
    assert!(
        found.iter().any(|part| part.starts_with("key W_")),
        "{found:?}"
    );

    // An owner deprecates; whoever holds the bundle of another version is told.
    let id = register(&place, &own, &public);
    let more = ["--bundle", "other.bundle.json"];
    assert_eq!(differing(&place, "public.verdict", &id, &more), ["bundle"]);
    let call = deprecateVersionCall {
        modelId: id.parse::<U256>().unwrap(),
        version: 1,
    };
    on_chain(&place, |chain| {
        chain.transact(own.registry, &call).map(drop)
    })
    .unwrap();
    assert_eq!(differing(&place, "public.verdict", &id, &[]), ["version"]);
}

#[test]
fn a_lie_about_the_way_to_the_verifier_is_named() {
    let place = world();
    let own = core(&place);
    let public = honest(&place, "public");
    // A route to a verifier whose set-up somebody else knows the secret of.
    let name = "verdict-kzg-bn254-v1-mine";
    let mut detour = own.clone();
    detour.route = name.into();
    detour
        .selector
        .copy_from_slice(&alloy_primitives::keccak256(name)[..4]);
    on_chain(&place, |chain| {
        let verifier = Artifact::inference_verifier().unwrap();
        let (verifier, _) = chain
            .create("InferenceVerifier", verifier.with_setup(foreign_setup()))
            .unwrap();
        let route = addRouteCall {
            name: name.into(),
            verifier,
        };
        chain.transact(own.gateway, &route).unwrap();
    });
    let id = register(&place, &detour, &public);
    assert_eq!(
        differing(&place, "public.verdict", &id, &[]),
        [
            "code of InferenceVerifier",
            "proofSystemId",
            "route's verifier",
            "set-up [τ]_2",
            "development set-up"
        ]
    );
    // No route at all.
    let mut nowhere = own.clone();
    nowhere.selector.0 = [1, 2, 3, 4];
    let id = register(&place, &nowhere, &public);
    let found = differing(&place, "public.verdict", &id, &[]);
    assert!(found.contains(&"route".into()), "{found:?}");

    let id = register(&place, &own, &public);
    assert_eq!(differing(&place, "public.verdict", &id, &[]), [""; 0]);
    let before = std::fs::read(place.path("chain.json")).unwrap();
    let key = on_chain(&place, |chain| {
        let call = verdict_chain::bindings::registry::IModelRegistry::versionOfCall {
            modelId: id.parse::<U256>().unwrap(),
            version: 1,
        };
        chain.read(own.registry, &call).unwrap().key
    });
    let tau = Bundle::load(&place.path("public.bundle.json"))
        .unwrap()
        .tau_g2;
    // What no contract of this version can be brought to, and a node can say all the same.
    let mut registry = on_chain(&place, |chain| {
        verdict_chain::Chain::code(chain, own.registry)
            .unwrap()
            .to_vec()
    });
    registry.push(0);
    let lies: [(_, Bytes, &[&str]); 4] = [
        (
            own.verifier,
            impostor(tau),
            &["code of InferenceVerifier", "development set-up"],
        ),
        (own.registry, registry.into(), &["code of ModelRegistry"]),
        (
            key,
            Bytes::from_static(&[0xfe, 1, 2]),
            &["code at the key", "key"],
        ),
        (
            key,
            [&[0], other_key(&place).as_ref()].concat().into(),
            &["vkHash"],
        ),
    ];
    for (account, code, parts) in lies {
        std::fs::write(place.path("chain.json"), &before).unwrap();
        on_chain(&place, |chain| chain.set_code(account, code));
        let found = differing(&place, "public.verdict", &id, &[]);
        assert_eq!(found[..parts.len()], *parts, "{found:?}");
    }
    std::fs::write(place.path("chain.json"), &before).unwrap();
    let freeze = freezeRouteCall {
        selector: own.selector,
    };
    on_chain(&place, |chain| {
        chain.transact(own.gateway, &freeze).map(drop)
    })
    .unwrap();
    assert_eq!(differing(&place, "public.verdict", &id, &[]), ["route"]);
}

fn other_key(place: &Place) -> Bytes {
    honest(place, "other").key
}

/// The `[τ]_2` of a set-up of a random secret.
fn foreign_setup() -> [U256; 4] {
    use halo2curves_axiom::{
        bn256::{Fr, G2Affine},
        group::Curve,
    };
    let secret = Fr::from(1_234_567);
    verdict_wire::words::tau_g2(&(G2Affine::generator() * secret).to_affine())
}

/// A contract that answers as a verifier of this set-up, and says that it is a ceremony's.
fn impostor(tau_g2: [U256; 4]) -> Bytes {
    let mut code = Vec::new();
    for (number, word) in tau_g2.iter().enumerate() {
        // PUSH32 word, PUSH1 32·number, MSTORE.
        code.push(0x7f);
        code.extend(word.to_be_bytes::<32>());
        code.extend([0x60, 32 * number as u8, 0x52]);
    }
    // PUSH0, CALLDATALOAD, PUSH1 224, SHR, PUSH4 selector, EQ, PUSH1 end, JUMPI: a word of zeros.
    code.extend([0x5f, 0x35, 0x60, 224, 0x1c, 0x63]);
    code.extend(&alloy_primitives::keccak256("isDevelopmentSetup()")[..4]);
    // What follows: EQ, PUSH1, end, JUMPI, PUSH1 128, PUSH0, RETURN, JUMPDEST.
    let end = code.len() + 8;
    code.extend([
        0x14,
        0x60,
        u8::try_from(end).unwrap(),
        0x57,
        0x60,
        128,
        0x5f,
        0xf3,
    ]);
    code.extend([0x5b, 0x60, 32, 0x60, 128, 0xf3]);
    code.into()
}

#[test]
fn nothing_is_registered_that_was_not_recomputed() {
    let place = world();
    let input = place.write("input.json", r#"{"input_data": [[1728, 1728, 1728, 1]]}"#);
    let input = input.display().to_string();
    let prove = [
        "prove",
        "public.verdict",
        "--input",
        &input,
        "--dev",
        "--saturate",
    ];
    place.ok(&with(&prove, &["--optimize", "time"]));
    let chain = std::fs::read(place.path("chain.json")).unwrap();
    let refused = |code: i32, model: &str, more: &[&str], parts: &[&str]| {
        let register = with(&["register", model, "--name", "x", "--dev"], more);
        place.fails(code, &local(&register), parts);
        assert_eq!(
            std::fs::read(place.path("chain.json")).unwrap(),
            chain,
            "{more:?}"
        );
    };
    // One model with the key of another, whose proof says that it is the first one's.
    let mut proof = place.read_json("proof.json");
    proof["model"] = place.read_json("other.bundle.json")["model"].clone();
    place.write("claimed.json", proof.to_string());
    refused(
        4,
        "other.verdict",
        &["--proof", "claimed.json"],
        &["verifying key"],
    );
    refused(
        4,
        "other.verdict",
        &["--proof", "proof.json"],
        &["model", "register the model"],
    );
    // A proof that is not valid.
    let mut proof = place.read_json("proof.json");
    proof["public_values"][1] = proof["public_values"][0].clone();
    place.write("bent.json", proof.to_string());
    refused(
        4,
        "public.verdict",
        &["--proof", "bent.json"],
        &["not valid"],
    );

    // A bundle whose parts do not belong together, and one that does and is another model's.
    let mut bundle = place.read_json("public.bundle.json");
    bundle["verifying_key"] = place.read_json("other.bundle.json")["verifying_key"].clone();
    place.write("mixed.json", bundle.to_string());
    refused(
        4,
        "public.verdict",
        &["--bundle", "mixed.json"],
        &["bundle", "altered"],
    );
    refused(
        4,
        "public.verdict",
        &["--bundle", "other.bundle.json"],
        &["model"],
    );
    let mut foreign = Bundle::load(&place.path("public.bundle.json")).unwrap();
    foreign.key = other_key(&place);
    foreign.save(&place.path("foreign.json")).unwrap();
    let nothing = ["key W_0", "nothing was sent"];
    refused(4, "public.verdict", &["--bundle", "foreign.json"], &nothing);
    let mut scaled = Bundle::load(&place.path("public.bundle.json")).unwrap();
    scaled.spec.outputs[0].scaleE36 += Uint::from(1);
    scaled.save(&place.path("scaled.json")).unwrap();
    let nothing = ["spec outputs[0].scaleE36", "nothing was sent"];
    refused(4, "public.verdict", &["--bundle", "scaled.json"], &nothing);
    let both = ["--bundle", "other.bundle.json", "--proof", "proof.json"];
    refused(
        4,
        "other.verdict",
        &both,
        &["verifying key", "bundle of the proof's key"],
    );

    // A key under a set-up that the deployment's verifier does not have.
    let setup = place.setup("setup.bin", 14);
    place.ok(&["srs", "import", setup.to_str().unwrap()]);
    let own = with(&["register", "public.verdict", "--name", "x"], &CHAIN);
    place.fails(4, &own, &["[τ]_2", "the verifier at"]);
    assert_eq!(std::fs::read(place.path("chain.json")).unwrap(), chain);

    let proved = [
        "register",
        "public.verdict",
        "--name",
        "x",
        "--dev",
        "--proof",
        "proof.json",
    ];
    ok(&place, &with(&proved, &["--bundle", "public.bundle.json"]));
    assert_eq!(differing(&place, "public.verdict", "x", &[]), [""; 0]);
}

#[test]
fn data_signers_refuse_a_registered_version_whose_spec_lies() {
    let place = world();
    let own = core(&place);
    let mut registration = honest(&place, "public");
    registration.spec.inputs[0].scalesE36[0] += Uint::from(1);
    on_chain(&place, |chain| {
        register_model(chain, &own, &registration, None)
    })
    .unwrap();
    place.write("1.key", format!("0x{:064x}\n", 1));
    let signer = place.ok(&["address", "--private-key-file", "1.key"]);
    let signers = format!("[{}]", signer.trim());
    let nobody = common::consumer::NOBODY;
    let source = [
        "SignedFeatures",
        "@registry",
        nobody,
        &signers,
        "1",
        "86400",
    ];
    ok(&place, &with(&["deploy", "--as", "signers"], &source));
    let mut deployment = Deployment::load(&place.path("deployments/31337.json")).unwrap();
    let record = on_chain(&place, |chain| {
        verdict_chain::record(chain, &own, U256::from(1), 1).unwrap()
    });
    deployment.models.insert("lie".into(), record);
    deployment
        .save(&place.path("deployments/31337.json"))
        .unwrap();
    let input = place.write("input.json", r#"{"input_data": [[1728, 1728, 1728, 1]]}"#);
    let input = input.display().to_string();
    let sign = [
        "sign",
        "other",
        nobody,
        "--source",
        "signers",
        "--registered",
        "lie",
        "--model",
        "public.verdict",
        "--input",
        &input,
        "--saturate",
        "--private-key-file",
        "1.key",
    ];
    place.fails(
        4,
        &local(&sign),
        &["spec inputs[0].scalesE36", "vouch for nothing"],
    );
}

/// A model with private weights and its bundle: `hidden.verdict`, `hidden.bundle.json`. Returns the
/// options that its key is made with.
fn hidden(place: &Place) -> Vec<&'static str> {
    // Private models have tables for all weights: small ones make an audit a second's work.
    let small = ["--table-bits", "10", "--optimize", "time"];
    // What so small a table costs in accuracy is beside the point here.
    let coarse = with(&small, &["--accept-accuracy"]);
    let how = with(&["--private-weights", "--input", "public"], &coarse);
    place.compile_to("hidden.verdict", "consumers/oracle", &how);
    place.ok(&["hide", "hidden.verdict"]);
    let hiding = ["--hiding", "hidden.hiding.secret", "--dev"];
    let out = ["--out", "hidden.bundle.json"];
    let hiding = with(&hiding, &["--optimize", "time"]);
    place.ok(&with(&with(&["bundle", "hidden.verdict"], &hiding), &out));
    hiding
}

#[test]
fn private_weights_are_registered_with_their_key_proof() {
    let place = world();
    let hiding = hidden(&place);
    place.ok(&["redact", "hidden.verdict", "--out", "a.architecture"]);
    let input = place.write("input.json", r#"{"input_data": [[1728, 1728, 1728, 1]]}"#);
    let input = input.display().to_string();
    let prove = ["prove", "hidden.verdict", "--input", &input, "--saturate"];
    place.ok(&with(&prove, &hiding));

    // A proof shows nothing of what else its key may hide.
    let unproved = [
        "register",
        "a.architecture",
        "--name",
        "x",
        "--dev",
        "--proof",
        "proof.json",
    ];
    place.fails(4, &local(&unproved), &["key proof"]);
    let bundle = ["--bundle", "hidden.bundle.json"];
    ok(&place, &with(&unproved, &bundle));
    for model in ["a.architecture", "hidden.verdict"] {
        assert_eq!(differing(&place, model, "x", &bundle), [""; 0], "{model}");
        let without = differing(&place, model, "x", &[]);
        assert_eq!(without, ["key key proof"], "{model}");
    }
    // A registered version that says that its weights are public, and one with the digest of
    // another key proof.
    let own = core(&place);
    for digest in [B256::ZERO, B256::repeat_byte(5)] {
        let mut lie = honest(&place, "hidden");
        lie.spec.keyProof = digest;
        let id = register(&place, &own, &lie);
        let found = differing(&place, "a.architecture", &id, &bundle);
        assert_eq!(found, ["spec keyProof", "bundle"]);
        let found = differing(&place, "hidden.verdict", &id, &bundle);
        assert_eq!(found, ["spec keyProof", "bundle"]);
    }
}

#[test]
fn the_same_behind_an_rpc() {
    let Some(anvil) = Anvil::start() else { return };
    let place = world();
    let reading = ["--rpc", &anvil.url, "--deployment", "rpc.json"];
    let acting = with(&reading, &["--private-key", KEY]);
    place.ok(&with(&["deploy", "--dev"], &acting));
    hidden(&place);
    for (name, batch) in [
        ("public", ""),
        ("hidden", ""),
        ("committed", ""),
        ("batch", "4"),
        ("trees", ""),
    ] {
        let (model, bundle) = (format!("{name}.verdict"), format!("{name}.bundle.json"));
        let register = [
            "register", &model, "--name", name, "--bundle", &bundle, "--dev",
        ];
        place.ok(&with(&register, &acting));
        let batch: &[&str] = if batch.is_empty() {
            &[]
        } else {
            &["--batch", batch]
        };
        let more = with(batch, &["--bundle", &bundle]);
        let found = differing_on(&place, &reading, &model, name, &more);
        assert_eq!(found, [""; 0], "{name}");
    }
    let core = Deployment::load(&place.path("rpc.json")).unwrap().core;
    let signer = SignerSource::PrivateKey(KEY.into());
    let mut chain = RpcChain::connect(&anvil.url, Some(&signer)).unwrap();
    for (model, lie, parts) in SPEC_LIES {
        let mut registration = honest(&place, model);
        lie(&mut registration.spec);
        let (record, _) = register_model(&mut chain, &core, &registration, None).unwrap();
        let more: &[&str] = match *model {
            "batch" | "unseen" => &["--batch", "4"],
            _ => &[],
        };
        let (model, id) = (format!("{model}.verdict"), record.model_id.to_string());
        let found = differing_on(&place, &reading, &model, &id, more);
        assert_eq!(found, *parts, "{model}");
    }
}
