//! One file per command.

pub(crate) mod accuracy;
pub(crate) mod address;
pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod bundle;
pub(crate) mod call;
pub(crate) mod commit;
pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod demo;
mod demo_all;
pub(crate) mod deploy;
pub(crate) mod entries;
pub(crate) mod estimate;
pub(crate) mod evidence;
pub(crate) mod gather;
pub(crate) mod hide;
pub(crate) mod inspect;
pub(crate) mod prove;
pub(crate) mod register;
pub(crate) mod relay;
pub(crate) mod run;
pub(crate) mod sign;
pub(crate) mod signerd;
pub(crate) mod srs;
pub(crate) mod submit;
pub(crate) mod verify;
