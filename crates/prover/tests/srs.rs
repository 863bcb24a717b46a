//! Set-ups: the development one is what it claims, and a file is used only if it holds powers of
//! one secret.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{
    bn256::{Fq, Fq2, Fr, G1Affine, G2Affine, pairing},
    ff::Field,
    group::Curve,
    msm::msm_best,
};
use std::path::Path;
use support::{
    file, halo2_bytes,
    models::{graph, inputs, planned, rng},
    open, proved,
    ptau::{Ptau, point, twist_point},
};
use verdict_prover::{Cache, Inference, ProverError, Srs};

/// The powers belong to the secret of `[τ]_2`.
fn assert_consistent(srs: &Srs) {
    let g = srs.powers().points();
    let mut rng = rng(1);
    let coefficients: Vec<Fr> = (1..g.len()).map(|_| Fr::random(&mut rng)).collect();
    let low = msm_best(&coefficients, &g[..g.len() - 1]).to_affine();
    let high = msm_best(&coefficients, &g[1..]).to_affine();
    assert_eq!(g[0], G1Affine::generator());
    let one = G2Affine::generator();
    assert_eq!(pairing(&low, &srs.tau_g2()), pairing(&high, &one));
}

fn refusal(bytes: &[u8], points: Option<usize>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "set-up", bytes);
    let message = Srs::import(&path, points)
        .map(|_| ())
        .unwrap_err()
        .to_string();
    if !message.starts_with("the set-up holds") {
        assert!(
            message.contains("set-up is not a usable set-up: "),
            "{message}"
        );
    }
    message
}

fn import(bytes: &[u8], points: Option<usize>) -> Srs {
    let folder = tempfile::tempdir().unwrap();
    Srs::import(&file(folder.path(), "set-up", bytes), points).unwrap()
}

fn secret() -> Fr {
    Fr::random(rng(99))
}

#[test]
fn the_development_setup_is_a_setup() {
    for points in [2, 3, 16, 100, 8192] {
        let srs = Srs::development(points);
        assert_eq!(srs.points(), points);
        assert_consistent(&srs);
    }
}

#[test]
fn the_development_setup_is_deterministic_and_says_what_it_is() {
    let (first, second) = (Srs::development(32), Srs::development(32));
    assert_eq!(first.powers().points(), second.powers().points());
    assert!(first.is_development());
    let larger = Srs::development(250);
    assert_eq!(
        first.digest(),
        larger.digest(),
        "the digest names the secret, not the number of points"
    );
    let cut = larger.cut(32).unwrap();
    assert_eq!(cut.powers().points(), first.powers().points());
    // A file does not hide it.
    assert!(import(&halo2_bytes(&first, false), None).is_development());
    assert!(!import(&Ptau::new(4, secret()).bytes(), None).is_development());
}

#[test]
fn a_setup_cannot_be_cut_to_more_than_it_holds() {
    let error = Srs::development(16).cut(17).map(|_| ()).unwrap_err();
    assert!(
        matches!(error, ProverError::SrsTooSmall { have: 16, need: 17 }),
        "{error}"
    );
}

#[test]
fn a_ptau_file_is_imported_to_every_number_of_points_and_proves() {
    let bytes = Ptau::new(6, secret()).bytes();
    let whole = import(&bytes, None);
    // A file of power 6 has nearly twice as many powers of the first group.
    assert_eq!(whole.points(), 127);
    assert_eq!(
        whole.tau_g2(),
        (G2Affine::generator() * secret()).to_affine()
    );
    for points in [2, 3, 31, 64, 126, 127] {
        let srs = import(&bytes, Some(points));
        assert_eq!((srs.points(), srs.digest()), (points, whole.digest()));
        assert_consistent(&srs);
    }
    let graph = graph(3);
    let power = planned(&graph).chosen.points.next_power_of_two().ilog2();
    let imported = import(&Ptau::new(power, secret()).bytes(), None);
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
    assert_consistent(&import(&ptau.bytes(), None));
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
fn a_wrong_power_beyond_the_wanted_ones_does_not_matter_and_within_them_does() {
    let mut ptau = Ptau::new(5, secret());
    ptau.g1[20] = point((G1Affine::generator() * Fr::from(5)).to_affine());
    assert_consistent(&import(&ptau.bytes(), Some(20)));
    assert!(refusal(&ptau.bytes(), Some(21)).contains("not consecutive powers"));
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
fn more_points_than_the_file_has_are_named() {
    let ptau = (Ptau::new(4, secret()).bytes(), 31);
    let halo2 = (halo2_bytes(&Srs::development(16), false), 16);
    for (bytes, have) in [ptau, halo2] {
        let folder = tempfile::tempdir().unwrap();
        let error = Srs::import(&file(folder.path(), "small", &bytes), Some(64))
            .map(|_| ())
            .unwrap_err();
        let message = error.to_string();
        assert!(
            matches!(error, ProverError::SrsTooSmall { have: of, need: 64 } if of == have),
            "{message}"
        );
        let expected = format!("holds {have} points, 64 are needed");
        assert!(message.contains(&expected), "{message}");
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
    let made = import(&Ptau::new(5, secret()).bytes(), Some(32));
    for compressed in [false, true] {
        let bytes = halo2_bytes(&made, compressed);
        let srs = import(&bytes, None);
        assert_eq!(srs.powers().points(), made.powers().points());
        assert_eq!(srs.tau_g2(), made.tau_g2());
        let cut = import(&bytes, Some(9));
        assert_eq!(cut.points(), 9);
        assert_consistent(&cut);
        assert!(!cut.is_development());

        let message = refusal(&bytes[..bytes.len() - 1], None);
        assert!(message.contains("it may be cut short"), "{message}");
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(refusal(&longer, None).contains("it may be cut short"));

        // Any byte of a power or of [τ]_2. A compressed point may become another one, raw
        // coordinates none.
        let point = (bytes.len() - 4) / (2 * 32 + 4);
        let known: &[&str] = match compressed {
            true => &[
                "is not a point of the curve",
                "not consecutive powers",
                "not in the right group",
            ],
            false => &["is not a point of the curve"],
        };
        for at in [4 + point, 4 + 3 * point + 1, bytes.len() - 5] {
            let mut tampered = bytes.clone();
            tampered[at] ^= 1;
            let message = refusal(&tampered, None);
            assert!(
                known.iter().any(|reason| message.contains(reason)),
                "{compressed} {at}: {message}"
            );
        }
    }
}

#[test]
fn an_imported_setup_is_found_again_by_its_digest_and_cut() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path());
    let srs = import(&Ptau::new(4, secret()).bytes(), None);
    assert!(Srs::cached(&srs.digest(), 3, &cache).unwrap().is_none());
    srs.store(&cache).unwrap();
    for points in [31, 9, 10] {
        let found = Srs::cached(&srs.digest(), points, &cache).unwrap().unwrap();
        assert_eq!((found.points(), found.digest()), (points, srs.digest()));
        assert_consistent(&found);
    }
    assert!(Srs::cached(&srs.digest(), 32, &cache).unwrap().is_none());
    Srs::development_cached(9, &cache).unwrap();
    let stored = Srs::stored(&cache).unwrap();
    let points = |development| {
        stored
            .iter()
            .filter(|s| s.development == development)
            .map(|s| s.points)
            .collect::<Vec<_>>()
    };
    assert_eq!((points(false), points(true)), (vec![9, 10, 31], vec![16]));
    assert!(stored.iter().all(|s| s.bytes > 0 && s.path.is_file()));
}
