//! Caches are checked when read, written whole or not at all, and their errors name the file.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use halo2curves_axiom::{
    bn256::{Fr, G1Affine},
    group::{Curve, prime::PrimeCurveAffine},
};
use std::{fs, path::Path};
use support::{
    assert_named, file,
    models::{graph, inputs},
    open, proved,
    ptau::Ptau,
    small::network,
    try_open,
};
use verdict_model::Visibility;
use verdict_prover::{Cache, ProverError, Srs};
use verdict_wire::words;

fn cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path());
    (folder, cache)
}

/// Asserts that reading `name` says that the file is corrupt, which file, why, and what to do.
fn assert_corrupt(cache: &Cache, name: &str, reason: &str) {
    let error = cache.read(name).unwrap_err();
    assert!(matches!(error, ProverError::CorruptCache { .. }), "{error}");
    let message = error.to_string();
    for part in [
        cache.path(name).to_str().unwrap(),
        reason,
        "delete it and run again",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut list: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    list.sort();
    list
}

#[test]
fn what_is_written_is_read() {
    let (_folder, cache) = cache();
    for payload in [
        vec![],
        vec![0],
        (0..100_000u32).flat_map(u32::to_le_bytes).collect(),
    ] {
        cache.write("a/b/entry", &payload).unwrap();
        assert_eq!(cache.read("a/b/entry").unwrap(), Some(payload));
    }
    assert_eq!(files(&cache.path("a/b")), ["entry"]);
}

#[test]
fn what_is_missing_is_none() {
    let (_folder, cache) = cache();
    assert_eq!(cache.read("nothing").unwrap(), None);
    assert_eq!(cache.read("no/folder/either").unwrap(), None);
}

#[test]
fn any_flipped_bit_is_corruption() {
    let (_folder, cache) = cache();
    cache
        .write("entry", b"forty-two bytes that nobody should change.")
        .unwrap();
    let honest = fs::read(cache.path("entry")).unwrap();
    for at in 0..honest.len() {
        let mut bytes = honest.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(cache.path("entry"), bytes).unwrap();
        let reason = if at < 8 {
            "does not begin like one"
        } else {
            "digest does not match"
        };
        assert_corrupt(&cache, "entry", reason);
    }
}

#[test]
fn any_other_length_is_corruption() {
    let (_folder, cache) = cache();
    cache.write("entry", b"payload").unwrap();
    let mut bytes = fs::read(cache.path("entry")).unwrap();
    for length in 0..bytes.len() {
        fs::write(cache.path("entry"), &bytes[..length]).unwrap();
        assert_corrupt(
            &cache,
            "entry",
            if length < 40 {
                "does not begin like one"
            } else {
                "digest does not match"
            },
        );
    }
    bytes.push(0);
    fs::write(cache.path("entry"), bytes).unwrap();
    assert_corrupt(&cache, "entry", "digest does not match");
}

#[test]
fn a_half_written_file_of_a_killed_process_is_ignored() {
    let (_folder, cache) = cache();
    fs::write(
        cache.path("entry.12345-0.tmp"),
        b"VDCACHE1 and then the power went",
    )
    .unwrap();
    assert_eq!(cache.read("entry").unwrap(), None);
    cache.write("entry", b"whole").unwrap();
    assert_eq!(cache.read("entry").unwrap().as_deref(), Some(&b"whole"[..]));
}

#[test]
fn a_full_disk_is_named_and_leaves_what_was_there() {
    let (_folder, cache) = cache();
    cache.write("entry", b"before").unwrap();
    // Temporary files that lead to a device without space: the kernel answers every write to it
    // with ENOSPC.
    for writer in 0..256 {
        let temporary = cache.path(&format!("entry.{}-{writer}.tmp", std::process::id()));
        std::os::unix::fs::symlink("/dev/full", temporary).unwrap();
    }
    let error = cache.write("entry", b"after").unwrap_err();
    let ProverError::Io { source, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    let message = error.to_string();
    for part in [
        "cannot write",
        cache.path("entry").to_str().unwrap(),
        "free some space",
        "VERDICT_CACHE",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(
        cache.read("entry").unwrap().as_deref(),
        Some(&b"before"[..])
    );
    assert_eq!(
        files(cache.root()).len(),
        256,
        "the temporary file of the failed write is gone"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let (folder, cache) = cache();
    // A file in the way stops even root, whom permissions do not.
    fs::write(cache.path("keys"), b"").unwrap();
    let error = cache.write("keys/entry", b"payload").unwrap_err();
    let message = error.to_string();
    let parent = folder.path().join("keys");
    assert!(
        message.contains("cannot create") && message.contains(parent.to_str().unwrap()),
        "{message}"
    );
    assert!(matches!(
        cache.read("keys/entry"),
        Err(ProverError::Io { .. })
    ));
}

#[test]
fn an_entry_that_is_a_folder_is_an_error_not_a_miss() {
    let (_folder, cache) = cache();
    fs::create_dir(cache.path("entry")).unwrap();
    let error = cache.read("entry").unwrap_err();
    assert!(error.to_string().contains("cannot read"), "{error}");
    let error = cache.write("entry", b"payload").unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
    assert_eq!(files(cache.root()), ["entry"]);
}

#[test]
fn writers_at_the_same_time_leave_one_whole_entry() {
    let (_folder, cache) = cache();
    std::thread::scope(|scope| {
        for writer in 0..8u8 {
            let cache = &cache;
            scope.spawn(move || {
                for _ in 0..10 {
                    cache.write("entry", &vec![writer; 40_000]).unwrap();
                    let read = cache.read("entry").unwrap().unwrap();
                    assert!(read.len() == 40_000 && read.iter().all(|byte| *byte == read[0]));
                }
            });
        }
    });
    assert_eq!(files(cache.root()), ["entry"]);
}

#[test]
fn the_development_setup_is_made_once_and_a_corrupt_one_is_named() {
    let (_folder, cache) = cache();
    let made = Srs::development_cached(20, &cache).unwrap();
    let path = cache.path("srs/development/32");
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    let read = Srs::development_cached(20, &cache).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    assert_eq!(made.powers().points(), read.powers().points());
    assert_eq!(made.points(), 20);

    let mut bytes = fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = Srs::development_cached(20, &cache).unwrap_err();
    assert!(
        matches!(&error, ProverError::CorruptCache { path: named, .. } if *named == path),
        "{error}"
    );
}

#[test]
fn a_setup_under_another_numbers_name_is_named() {
    let (_folder, cache) = cache();
    Srs::development_cached(16, &cache).unwrap();
    fs::copy(
        cache.path("srs/development/16"),
        cache.path("srs/development/32"),
    )
    .unwrap();
    let error = Srs::development_cached(32, &cache).unwrap_err();
    let expected = "it is not a set-up of 32 points";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn keys_are_cached_reused_and_alike() {
    let (_folder, cache) = cache();
    let graph = graph(5);
    let fresh = open(&graph, None, None);
    let made = open(&graph, None, Some(&cache));
    let entries = files(&cache.path("keys"));
    assert_eq!(entries.len(), 1);
    let path = cache.path("keys").join(&entries[0]);
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    let reused = open(&graph, None, Some(&cache));
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    assert_eq!(files(&cache.path("keys")), entries);
    assert_eq!(fresh.keys().on_chain(), made.keys().on_chain());
    assert_eq!(fresh.keys().on_chain(), reused.keys().on_chain());

    // Any of them verifies what any other proved.
    let inference = proved(&reused, &inputs(&graph, 1), 3);
    for keyed in [&fresh, &made, &reused] {
        keyed.verify(&inference.instance, &inference.proof).unwrap();
    }
    // Another model has other keys.
    open(&support::models::graph(6), None, Some(&cache));
    assert_eq!(files(&cache.path("keys")).len(), 2);
}

#[test]
fn a_corrupt_key_is_named() {
    let (_folder, cache) = cache();
    let graph = graph(5);
    open(&graph, None, Some(&cache));
    let name = format!("keys/{}", files(&cache.path("keys"))[0]);
    let reopen = || try_open(&graph, None, Some(&cache));
    let assert_named = |reason: &str| {
        let message = reopen().map(|_| ()).unwrap_err().to_string();
        assert!(
            message.contains(cache.path(&name).to_str().unwrap()) && message.contains(reason),
            "{message}"
        );
    };
    let key = cache.read(&name).unwrap().unwrap();
    // Cut short and properly sealed again.
    cache.write(&name, &key[..key.len() - 1]).unwrap();
    assert_named("do not go together");
    // A commitment off the curve, properly sealed.
    let mut tampered = key.clone();
    *tampered.last_mut().unwrap() ^= 1;
    cache.write(&name, &tampered).unwrap();
    assert_named("a commitment is not a point of the curve");
    // A key of another height, and of more public values.
    for at in [5, 10] {
        tampered = key.clone();
        tampered[at] += 1;
        cache.write(&name, &tampered).unwrap();
        assert_named("a key of another height");
    }
    // A flipped bit of the file.
    let mut bytes = fs::read(cache.path(&name)).unwrap();
    bytes[100] ^= 1;
    fs::write(cache.path(&name), bytes).unwrap();
    assert_named("digest does not match");
    fs::remove_file(cache.path(&name)).unwrap();
    reopen().unwrap();
}

#[test]
fn a_key_that_is_not_the_models_is_named() {
    /// Bytes before the commitments.
    const HEADER: usize = 32;
    // Models that differ in nothing but their weights.
    let of = |seed| network(seed, 1, Visibility::Private).graph().clone();
    let (_folder, cache) = cache();
    let graph = of(1);
    let keyed = open(&graph, None, Some(&cache));
    let name = format!("keys/{}", files(&cache.path("keys"))[0]);
    let honest = cache.read(&name).unwrap().unwrap();
    let refused = |bytes: &[u8]| {
        assert_ne!(bytes, honest);
        cache.write(&name, bytes).unwrap();
        let error = try_open(&graph, None, Some(&cache))
            .map(|_| ())
            .unwrap_err();
        assert_named(
            &error,
            &cache.path(&name),
            "the key of another model or set-up",
        );
    };
    let commitments = &keyed.keys().on_chain().commitments;
    let at = |index: usize| HEADER + 64 * index..HEADER + 64 * (index + 1);
    for index in 0..commitments.len() {
        // A point that is the commitment to something else, and the commitment to nothing.
        let moved = (commitments[index] + G1Affine::generator()).to_affine();
        for point in [moved, G1Affine::identity()] {
            if point == commitments[index] {
                continue;
            }
            let mut tampered = honest.clone();
            tampered[at(index)].copy_from_slice(&words::point(&point).concat());
            refused(&tampered);
        }
    }
    // Two columns exchanged: their sum stays what it was.
    let other = (1..commitments.len()).find(|it| commitments[*it] != commitments[0]);
    let mut swapped = honest.clone();
    swapped.copy_within(at(other.unwrap()), at(0).start);
    swapped[at(other.unwrap())].copy_from_slice(&honest[at(0)]);
    refused(&swapped);
    // One commitment moved up and another down by as much.
    let mut shifted = honest.clone();
    let (up, down) = (
        commitments[0] + G1Affine::generator(),
        commitments[1] - G1Affine::generator(),
    );
    shifted[at(0)].copy_from_slice(&words::point(&up.to_affine()).concat());
    shifted[at(1)].copy_from_slice(&words::point(&down.to_affine()).concat());
    refused(&shifted);
    // The key of another model of the same shape, and of this model under another set-up.
    let (_elsewhere, second) = self::cache();
    open(&of(2), None, Some(&second));
    let entry = format!("keys/{}", files(&second.path("keys"))[0]);
    let foreign = second.read(&entry).unwrap().unwrap();
    assert_eq!(
        foreign[..HEADER],
        honest[..HEADER],
        "the models are of one shape"
    );
    refused(&foreign);
    let (_elsewhere, third) = self::cache();
    let folder = tempfile::tempdir().unwrap();
    let points = support::models::planned(&graph).chosen.points;
    let power = points.next_power_of_two().ilog2();
    let bytes = Ptau::new(power, Fr::from(1_234_567)).bytes();
    let srs = Srs::import(&file(folder.path(), "set-up", &bytes), None).unwrap();
    open(&graph, Some(srs), Some(&third));
    let entry = format!("keys/{}", files(&third.path("keys"))[0]);
    refused(&third.read(&entry).unwrap().unwrap());

    cache.write(&name, &honest).unwrap();
    let again = open(&graph, None, Some(&cache));
    assert_eq!(again.keys().on_chain(), keyed.keys().on_chain());
}
