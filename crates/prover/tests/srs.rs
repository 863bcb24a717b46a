//! Set-ups: the development one is what it claims, and a file is used only if it holds powers of
//! one secret.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2_axiom::{
    SerdeFormat,
    arithmetic::best_multiexp,
    poly::{
        EvaluationDomain,
        commitment::{Blind, Params, ParamsProver},
        kzg::commitment::ParamsKZG,
    },
};
use halo2curves_axiom::{
    bn256::{Bn256, Fq, Fq2, Fr, G1Affine, G2Affine, pairing},
    ff::Field,
    group::Curve,
};
use std::path::Path;
use support::{
    file, halo2_bytes,
    models::{graph, inputs, planned, rng},
    open, proved,
    ptau::{Ptau, point, twist_point},
};
use verdict_prover::{Cache, Inference, ProverError, Srs};

/// Powers and Lagrange basis belong to the secret of `[τ]_2`, and to each other.
fn assert_consistent(params: &ParamsKZG<Bn256>) {
    let g = params.get_g();
    let coefficients: Vec<Fr> = (1..g.len()).map(|_| Fr::random(rng(1))).collect();
    let low = best_multiexp(&coefficients, &g[..g.len() - 1]).to_affine();
    let high = best_multiexp(&coefficients, &g[1..]).to_affine();
    assert_eq!(g[0], G1Affine::generator());
    assert_eq!(pairing(&low, &params.s_g2()), pairing(&high, &params.g2()));

    let domain = EvaluationDomain::<Fr>::new(1, params.k());
    let mut rng = rng(2);
    let values =
        domain.lagrange_from_vec((0..1 << params.k()).map(|_| Fr::random(&mut rng)).collect());
    let lagrange = params.commit_lagrange(&values, Blind::default());
    let coefficients = params.commit(&domain.lagrange_to_coeff(values), Blind::default());
    assert_eq!(lagrange.to_affine(), coefficients.to_affine());
}

fn refusal(bytes: &[u8], k: Option<u32>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "set-up", bytes);
    let message = Srs::import(&path, k).map(|_| ()).unwrap_err().to_string();
    if !message.starts_with("the set-up holds") {
        assert!(
            message.contains("set-up is not a usable set-up: "),
            "{message}"
        );
    }
    message
}

fn import(bytes: &[u8], k: Option<u32>) -> Srs {
    let folder = tempfile::tempdir().unwrap();
    Srs::import(&file(folder.path(), "set-up", bytes), k).unwrap()
}

fn secret() -> Fr {
    Fr::random(rng(99))
}

#[test]
fn the_development_setup_is_a_setup() {
    for k in [1, 4, 7, 13] {
        let srs = Srs::development(k);
        assert_eq!(srs.k(), k);
        assert_eq!(srs.params().get_g().len(), 1 << k);
        assert_consistent(srs.params());
    }
}

#[test]
fn the_development_setup_is_what_halo2_makes_of_its_powers() {
    let srs = Srs::development(6);
    let params = srs.params();
    let made = params.from_parts(6, params.get_g().to_vec(), None, params.g2(), params.s_g2());
    let format = SerdeFormat::RawBytes;
    assert_eq!(halo2_bytes(&made, format), halo2_bytes(params, format));
}

#[test]
fn the_development_setup_is_deterministic_and_says_what_it_is() {
    let (first, second) = (Srs::development(5), Srs::development(5));
    let format = SerdeFormat::RawBytes;
    assert_eq!(
        halo2_bytes(first.params(), format),
        halo2_bytes(second.params(), format)
    );
    assert!(first.is_development());
    assert_eq!(
        first.digest(),
        Srs::development(8).digest(),
        "the digest names the secret, not the height"
    );
    let cut = Srs::development(8).cut(5).unwrap();
    assert_eq!(
        halo2_bytes(cut.params(), format),
        halo2_bytes(first.params(), format)
    );
    // A file does not hide it.
    assert!(import(&halo2_bytes(first.params(), format), None).is_development());
    assert!(!import(&Ptau::new(4, secret()).bytes(), None).is_development());
}

#[test]
fn a_setup_cannot_be_cut_to_more_than_it_holds() {
    let error = Srs::development(4).cut(5).map(|_| ()).unwrap_err();
    assert!(
        matches!(error, ProverError::SrsTooSmall { have: 4, need: 5 }),
        "{error}"
    );
}

#[test]
fn a_ptau_file_is_imported_at_every_height_and_proves() {
    let bytes = Ptau::new(6, secret()).bytes();
    let whole = import(&bytes, None);
    assert_eq!(whole.k(), 6);
    assert_eq!(
        whole.tau_g2(),
        (G2Affine::generator() * secret()).to_affine()
    );
    for k in 1..=6 {
        let srs = import(&bytes, Some(k));
        assert_eq!((srs.k(), srs.digest()), (k, whole.digest()));
        assert_consistent(srs.params());
    }
    let graph = graph(3);
    let k = planned(&graph).chosen.k;
    let imported = import(&Ptau::new(k, secret()).bytes(), None);
    let keyed = open(&graph, Some(imported), None);
    let Inference {
        instance, proof, ..
    } = proved(&keyed, &inputs(&graph, 1), 2);
    keyed.verify(&instance, &proof).unwrap();
    // Under another secret it is no proof.
    let other = open(&graph, None, None);
    assert!(other.verify(&instance, &proof).is_err());
}

#[test]
fn sections_may_come_in_any_order() {
    let mut ptau = Ptau::new(4, secret());
    ptau.sections = vec![6, 3, 7, 2, 4, 1, 5];
    assert_consistent(import(&ptau.bytes(), None).params());
}

type Corruption = (&'static str, fn(&mut Ptau), &'static str);

const CORRUPTIONS: [Corruption; 18] = [
    (
        "magic",
        |p| p.magic = *b"ptax",
        "neither a snarkjs .ptau file nor halo2 parameters",
    ),
    ("version", |p| p.version = 2, ".ptau version 2, expected 1"),
    ("prime", |p| p.prime[0] ^= 2, "another curve than BN254"),
    ("power", |p| p.power = 29, "a power of 29, more than 28"),
    (
        "power of another file",
        |p| p.power = 9,
        "shorter than its power demands",
    ),
    (
        "no powers",
        |p| p.sections = vec![1, 3],
        "lacks the header or the powers",
    ),
    (
        "no header",
        |p| p.sections = vec![2, 3],
        "lacks the header or the powers",
    ),
    (
        "no second group",
        |p| p.sections = vec![1, 2],
        "lacks the header or the powers",
    ),
    (
        "off the curve",
        |p| p.g1[5][40] ^= 1,
        "power 5 is not a point of the curve",
    ),
    (
        "not reduced",
        |p| p.g1[3] = unreduced(p.g1[3]),
        "power 3 is not a point of the curve",
    ),
    (
        "off the twist",
        |p| p.g2[1][0] ^= 1,
        "a power in the second group is not a point of the curve",
    ),
    ("swapped", |p| p.g1.swap(4, 5), "not consecutive powers"),
    (
        "other generator",
        |p| p.g1.rotate_left(1),
        "does not begin with the standard generators",
    ),
    (
        "other generator of G2",
        |p| p.g2.rotate_left(1),
        "does not begin with the standard generators",
    ),
    (
        "another τ in G2",
        |p| p.g2[1] = p.g2[2],
        "not consecutive powers",
    ),
    (
        "secret 0",
        |p| *p = Ptau::new(4, Fr::ZERO),
        "its secret is 0 or 1",
    ),
    (
        "secret 1",
        |p| *p = Ptau::new(4, Fr::ONE),
        "its secret is 0 or 1",
    ),
    (
        "wrong group",
        |p| p.g2[1] = twist_point(outside()),
        "[τ]_2 is not in the right group",
    ),
];

#[test]
fn a_corrupted_ptau_file_is_refused_with_its_reason() {
    for (what, corrupt, reason) in CORRUPTIONS {
        let mut ptau = Ptau::new(4, secret());
        corrupt(&mut ptau);
        let message = refusal(&ptau.bytes(), None);
        assert!(message.contains(reason), "{what}: {message}");
    }
}

/// The same point with its first coordinate stated beyond the modulus.
fn unreduced(mut point: [u8; 64]) -> [u8; 64] {
    let mut carry = 0u128;
    for (i, limb) in support::ptau::PRIME.iter().enumerate() {
        let at = 8 * i..8 * i + 8;
        let sum = u128::from(u64::from_le_bytes(point[at.clone()].try_into().unwrap()))
            + u128::from(*limb)
            + carry;
        point[at].copy_from_slice(&(sum as u64).to_le_bytes());
        carry = sum >> 64;
    }
    assert_eq!(carry, 0);
    point
}

/// A point of the twist outside the prime-order group, where almost all of them are.
fn outside() -> G2Affine {
    let mut rng = rng(4);
    loop {
        let x = Fq2 {
            c0: Fq::random(&mut rng),
            c1: Fq::random(&mut rng),
        };
        let b = G2Affine::generator().y.square()
            - G2Affine::generator().x.square() * G2Affine::generator().x;
        if let Some(y) = Option::<Fq2>::from((x.square() * x + b).sqrt()) {
            return G2Affine { x, y };
        }
    }
}

#[test]
fn a_wrong_power_beyond_the_wanted_height_does_not_matter_and_within_it_does() {
    let mut ptau = Ptau::new(5, secret());
    ptau.g1[20] = point((G1Affine::generator() * Fr::from(5)).to_affine());
    assert_consistent(import(&ptau.bytes(), Some(4)).params());
    assert!(refusal(&ptau.bytes(), Some(5)).contains("not consecutive powers"));
}

#[test]
fn a_truncated_ptau_file_is_refused_wherever_it_ends() {
    let bytes = Ptau::new(4, secret()).bytes();
    for length in [
        0,
        3,
        4,
        11,
        12,
        20,
        24,
        60,
        500,
        bytes.len() / 2,
        bytes.len() - 1,
    ] {
        let message = refusal(&bytes[..length], None);
        let known = [
            "shorter than four bytes",
            "ends in the middle of a section",
            "reaches beyond the end of the file",
        ];
        assert!(
            known.iter().any(|reason| message.contains(reason)),
            "{length}: {message}"
        );
    }
}

#[test]
fn a_height_beyond_the_file_is_named() {
    let ptau = Ptau::new(4, secret()).bytes();
    let halo2 = halo2_bytes(Srs::development(4).params(), SerdeFormat::RawBytes);
    for bytes in [ptau, halo2] {
        let folder = tempfile::tempdir().unwrap();
        let error = Srs::import(&file(folder.path(), "small", &bytes), Some(6))
            .map(|_| ())
            .unwrap_err();
        assert!(
            matches!(error, ProverError::SrsTooSmall { have: 4, need: 6 }),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .contains("holds 2^4 points, the proof needs 2^6"),
            "{error}"
        );
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Srs::import(Path::new("/nowhere/at/all.ptau"), None)
        .map(|_| ())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("cannot read /nowhere/at/all.ptau"),
        "{error}"
    );
    assert!(error.to_string().contains("check the path"), "{error}");
}

#[test]
fn halo2s_own_files_are_imported_in_both_formats() {
    let params = ParamsKZG::<Bn256>::setup(5, rng(8));
    for format in [SerdeFormat::RawBytes, SerdeFormat::Processed] {
        let bytes = halo2_bytes(&params, format);
        let srs = import(&bytes, None);
        let raw = SerdeFormat::RawBytes;
        assert_eq!(halo2_bytes(srs.params(), raw), halo2_bytes(&params, raw));
        let cut = import(&bytes, Some(3));
        assert_eq!(cut.k(), 3);
        assert_consistent(cut.params());
        assert!(!cut.is_development());

        let message = refusal(&bytes[..bytes.len() - 1], None);
        assert!(message.contains("it may be cut short"), "{message}");
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(refusal(&longer, None).contains("it may be cut short"));

        // Any byte of a power or of [τ]_2. A compressed point may become another one, raw
        // coordinates none.
        let point = (bytes.len() - 4) / (2 * 32 + 4);
        let known: &[&str] = match format {
            SerdeFormat::Processed => &[
                "a point is not valid",
                "not consecutive powers",
                "not in the right group",
            ],
            _ => &["is not a point of the curve"],
        };
        for at in [4 + point, 4 + 3 * point + 1, bytes.len() - 5] {
            let mut tampered = bytes.clone();
            tampered[at] ^= 1;
            let message = refusal(&tampered, None);
            assert!(
                known.iter().any(|reason| message.contains(reason)),
                "{format:?} {at}: {message}"
            );
        }
    }
}

#[test]
fn the_lagrange_basis_of_a_file_is_not_trusted() {
    let params = ParamsKZG::<Bn256>::setup(4, rng(8));
    let mut bytes = halo2_bytes(&params, SerdeFormat::RawBytes);
    let honest = bytes.clone();
    // Two of its points swapped: all are valid, and nothing else of the file changes.
    let first = 4 + 64 * 16;
    let (a, b) = bytes[first..first + 128].split_at_mut(64);
    a.swap_with_slice(b);
    assert_ne!(bytes, honest);
    let srs = import(&bytes, None);
    assert_consistent(srs.params());
    assert_eq!(halo2_bytes(srs.params(), SerdeFormat::RawBytes), honest);
}

#[test]
fn an_imported_setup_is_found_again_by_its_digest_and_cut() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path());
    let srs = import(&Ptau::new(5, secret()).bytes(), None);
    assert!(Srs::cached(&srs.digest(), 3, &cache).unwrap().is_none());
    srs.store(&cache).unwrap();
    for k in [5, 3] {
        let found = Srs::cached(&srs.digest(), k, &cache).unwrap().unwrap();
        assert_eq!((found.k(), found.digest()), (k, srs.digest()));
        assert_consistent(found.params());
    }
    assert!(Srs::cached(&srs.digest(), 6, &cache).unwrap().is_none());
    Srs::development_cached(4, &cache).unwrap();
    let stored = Srs::stored(&cache).unwrap();
    let heights = |development| {
        stored
            .iter()
            .filter(|s| s.development == development)
            .map(|s| s.k)
            .collect::<Vec<_>>()
    };
    assert_eq!((heights(false), heights(true)), (vec![3, 5], vec![4]));
    assert!(stored.iter().all(|s| s.bytes > 0 && s.path.is_file()));
}
