//! What the configurations of solidity/script/config stand on.
#![allow(clippy::unwrap_used)]

use super::{
    Place,
    consumer::{ETHER, NOBODY, deploy, ok, registered_as},
};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

/// The name that the examples have for their model.
pub const MODEL: &str = "logreg-breast-cancer";
/// The time of the examples' campaigns: an hour from the first test on.
pub static TIME: LazyLock<u64> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() + 3600
});

/// An example of solidity/script/config with its placeholders replaced, as
/// scripts/deploy-dry-run.sh does it; contracts stay names of the deployment.
pub fn example(file: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../solidity/script/config");
    let mut text = fs::read_to_string(Path::new(folder).join(file)).unwrap();
    for who in ["@admin", "@guardian", "@treasury"] {
        text = text.replace(&format!("\"{who}\""), &format!("\"{NOBODY}\""));
    }
    let days = [
        ("batchesUntil", 20),
        ("claimsFrom", 10),
        ("claimsUntil", 40),
        ("sweepFrom", 50),
    ];
    for (name, day) in days {
        let time = *TIME + day * 86_400;
        text = text.replace(&format!("\"@{name}\""), &time.to_string());
    }
    text = text.replace("@riskAdapter", "@market-adapter");
    serde_json::from_str(&text).unwrap()
}

/// The core, a model, and what the examples name: made once.
static WORLD: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    registered_as(&place, MODEL, "oracle", "public", "1");
    for token in ["token", "debt"] {
        deploy(&place, token, &["MockToken"]);
    }
    deploy(&place, "vault", &["EntryVault", "@token", "21600"]);
    let caps = format!(
        "(7500,8000,10500,{},{})",
        1_000_000 * ETHER,
        500_000 * ETHER
    );
    deploy(
        &place,
        "market",
        &["LendingMarket", "@token", "@debt", &caps],
    );
    deploy(&place, "market-adapter", &["LendingMarketAdapter"]);
    let config = example("source.development.json");
    place.write("source.json", config.to_string());
    ok(
        &place,
        &["deploy", "--config", "source.json", "SignedFeatures"],
    );
    place
});

/// A copy of it.
pub fn world() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("deployments")).unwrap();
    for file in ["chain.json", "deployments/31337.json", "source.json"] {
        fs::copy(WORLD.path(file), place.path(file)).unwrap();
    }
    place
}
