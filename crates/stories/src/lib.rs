//! Each consumer's story on the embedded EVM, from a model to a contract's state: compile, plan, prove with the consumer's own context,
//! submit, read what changed, and try what must be refused. Under the INSECURE development set-up, which everybody can make.
//!
//! * [`tell`] tells one of [`Consumer::ALL`]; `verdict demo --all` prints them, and `cargo test -p verdict-stories` holds them to it.
//! * [`Scorer`] is a tiny model that comes with this crate, ready to prove; [`World`] is a chain with the core deployed.

mod airdrop;
mod error;
mod guard;
mod oracle;
mod risk;
mod scorer;
mod story;
mod world;

pub use airdrop::{BatchCost, cost_of_batch};
pub use error::StoryError;
pub use scorer::{Proof, Scorer, Statement, Tiny};
pub use story::{Attempt, Consumer, GasStep, Story};
pub use world::World;

/// Tells a consumer's story.
pub fn tell(consumer: Consumer) -> Result<Story, StoryError> {
    match consumer {
        Consumer::Oracle => oracle::tell(),
        Consumer::Risk => risk::tell(),
        Consumer::Guard => guard::tell(),
        Consumer::Airdrop => airdrop::tell(),
    }
}
