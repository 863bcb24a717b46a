//! Set-ups in a cache are checked when they are read: whoever can write there can put any file under
//! any name, with its digest.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{
    bn256::{Fr, G1Affine, G2Affine},
    group::Curve,
    serde::SerdeObject,
};
use std::fs;
use support::{assert_named, file, ptau::Ptau};
use verdict_prover::{Cache, Srs};

fn cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path());
    (folder, cache)
}

/// How many points of a set-up are stored.
const N: usize = 16;

/// A stored set-up of a secret; its digest.
fn stored(cache: &Cache, secret: u64) -> String {
    let folder = tempfile::tempdir().unwrap();
    let bytes = Ptau::new(4, Fr::from(secret)).bytes();
    let srs = Srs::import(&file(folder.path(), "set-up", &bytes), Some(N)).unwrap();
    srs.store(cache).unwrap();
    srs.digest()
}

#[test]
fn a_setup_under_anothers_name_is_named() {
    let (_folder, cache) = cache();
    let (two, honest) = (stored(&cache, 2), stored(&cache, 1_234_567));
    let path = |digest: &str| cache.path(&format!("srs/{digest}/{N}"));
    // τ = 2, which anybody can count to, in the place of the ceremony's.
    fs::copy(path(&two), path(&honest)).unwrap();
    let reason = format!("it holds set-up {two}, not set-up {honest}");
    let cached = Srs::cached(&honest, N, &cache).unwrap_err();
    assert_named(&cached, &path(&honest), &reason);
    // Not with fewer points either, and not in a list.
    let cut = Srs::cached(&honest, 3, &cache).unwrap_err();
    assert_named(&cut, &path(&honest), &reason);
    assert_named(&Srs::stored(&cache).unwrap_err(), &path(&honest), &reason);

    // The development set-up in the place of an imported one, and the other way round.
    Srs::development_cached(N, &cache).unwrap();
    let development = cache.path(&format!("srs/development/{N}"));
    fs::copy(&development, path(&honest)).unwrap();
    let reason = format!("it holds the INSECURE development set-up, not set-up {honest}");
    let cached = Srs::cached(&honest, N, &cache).unwrap_err();
    assert_named(&cached, &path(&honest), &reason);
    assert_named(&Srs::stored(&cache).unwrap_err(), &path(&honest), &reason);
    fs::remove_file(path(&honest)).unwrap();
    fs::copy(path(&two), &development).unwrap();
    let reason = format!("it holds set-up {two}, not the INSECURE development set-up");
    let cached = Srs::development_cached(N, &cache).unwrap_err();
    assert_named(&cached, &development, &reason);
    assert_named(&Srs::stored(&cache).unwrap_err(), &development, &reason);
}

#[test]
fn a_stored_setup_with_any_wrong_point_is_named() {
    let (_folder, cache) = cache();
    let digest = stored(&cache, 1_234_567);
    let two = stored(&cache, 2);
    let [name, other] = [&digest, &two].map(|digest| format!("srs/{digest}/{N}"));
    let honest = cache.read(&name).unwrap().unwrap();
    let other = cache.read(&other).unwrap().unwrap();
    // Where the points stand: powers, then [τ]_2.
    let first = |index: usize| 64 * index..64 * (index + 1);
    let second = 64 * N..64 * N + 128;
    let foreign = (G1Affine::generator() * Fr::from(5)).to_affine();
    let foreign = foreign.to_raw_bytes();
    let refused = |tamper: &dyn Fn(&mut Vec<u8>), reason: &str| {
        let mut bytes = honest.clone();
        tamper(&mut bytes);
        assert_ne!(bytes, honest, "{reason}");
        // Sealed again: its digest is right.
        cache.write(&name, &bytes).unwrap();
        let error = Srs::cached(&digest, N, &cache).unwrap_err();
        assert_named(&error, &cache.path(&name), reason);
    };
    let powers = "not consecutive powers of the secret";
    for index in 2..N {
        refused(&|it| it[first(index)].copy_from_slice(&foreign), powers);
    }
    refused(&|it| it[first(1)].copy_from_slice(&foreign), powers);
    refused(
        &|it| it[first(0)].copy_from_slice(&foreign),
        "standard generators",
    );
    for index in 1..N - 1 {
        let swap = |it: &mut Vec<u8>| {
            let kept = it[first(index)].to_vec();
            it.copy_within(first(index + 1), first(index).start);
            it[first(index + 1)].copy_from_slice(&kept);
        };
        refused(&swap, powers);
    }
    // All of another set-up's points behind this one's [τ]_2.
    let points = 0..64 * N;
    refused(
        &|it| it[points.clone()].copy_from_slice(&other[points.clone()]),
        powers,
    );
    let g2 = (G2Affine::generator() * Fr::from(3)).to_affine();
    refused(
        &|it| it[second.clone()].copy_from_slice(&g2.to_raw_bytes()),
        "it holds set-up",
    );
    // The point at infinity, coordinates beyond the modulus, and what is on no curve.
    refused(&|it| it[first(3)].fill(0), "power 3 is not a point");
    refused(&|it| it[first(3)].fill(0xff), "power 3 is not a point");
    refused(&|it| it[first(3).start] ^= 1, "power 3 is not a point");
    refused(&|it| it[second.start] ^= 1, "second group is not a point");
    refused(&|it| it.truncate(64 * N), "it is not a set-up of 16 points");

    cache.write(&name, &honest).unwrap();
    assert!(Srs::cached(&digest, N, &cache).unwrap().is_some());
}
