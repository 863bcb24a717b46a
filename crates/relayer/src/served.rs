//! Models that are ready to prove: exactly those that are registered.

use crate::{RelayError, config::Config};
use alloy_primitives::{B256, U256};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use verdict_chain::{Chain, Core, RegisteredVersion};
use verdict_circuit::Limits;
use verdict_engine::{
    BatchOf, Bundle, Engine, HidingFile, OpenOptions, Salts, Session, Setup, Verified,
    batch_of_spec, memory_of, silent,
};
use verdict_model::{CompiledModel, OutOfDomain, Row, Visibility, execute_batch};
use verdict_prover::Cache;
use verdict_wire::{InputWords, parse_key};

/// A model that is ready to prove.
#[derive(Debug)]
pub struct Served {
    name: String,
    session: Session,
    out_of_domain: OutOfDomain,
    model_id: U256,
    version: u32,
    bundle: B256,
    layout: (u32, usize, usize),
}

/// What a model makes of inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    /// The values of the first output, of the first item.
    pub outputs: Vec<f64>,
    /// The same as integers.
    pub integers: Vec<i32>,
}

/// Opens models, each once for a registered version.
#[derive(Debug)]
pub struct Models {
    engine: Engine,
    open: Mutex<BTreeMap<Place, Arc<Served>>>,
}

/// A model's file, what becomes of inputs outside its domain, and its registered key.
type Place = (PathBuf, Option<PathBuf>, bool, B256);

/// What opens models under a set-up: the beginning of an imported one's digest, or `development`.
pub(crate) fn engine(setup: &str) -> Result<Engine, RelayError> {
    let cache = Cache::standard().ok();
    let setup = match setup {
        "development" => Setup::development(cache.clone()),
        digest => {
            let cache = cache.clone().ok_or_else(|| {
                RelayError::Config(
                    "setup: this machine has no folder for caches; set VERDICT_CACHE".into(),
                )
            })?;
            Setup::imported(digest, &cache)?
        }
    };
    let engine = Engine::new(setup);
    Ok(match cache {
        Some(cache) => engine.with_key_cache(cache),
        None => engine,
    })
}

impl Models {
    /// Nothing open yet.
    pub fn new(config: &Config) -> Result<Self, RelayError> {
        Ok(Self {
            engine: engine(&config.prover.setup)?,
            open: Mutex::default(),
        })
    }

    /// The model of this name, which must be the registered version in every part, under the plan
    /// that its key was made with.
    pub fn open(
        &self,
        config: &Config,
        name: &str,
        chain: &mut dyn Chain,
        core: &Core,
        (model_id, version): (U256, u32),
    ) -> Result<Arc<Served>, RelayError> {
        let registered = RegisteredVersion::read(chain, core, model_id, Some(version))?;
        let own = config
            .models
            .get(name)
            .ok_or_else(|| RelayError::Config(format!("models: there is no `{name}`")))?;
        let path = config.path(&own.path);
        let hiding = own.hiding.as_ref().map(|path| config.path(path));
        let place = (
            path.clone(),
            hiding.clone(),
            own.saturate,
            registered.vk_hash,
        );
        if let Some(known) = self.known(&place) {
            return Ok(known);
        }
        let model = CompiledModel::load(&path)?;
        let wrong = |what: &str| {
            RelayError::Config(format!(
                "models.{name}: {} is not version {version} of model {model_id} as it is registered: {what} differs",
                path.display()
            ))
        };
        let hiding = match (&hiding, registered.spec.keyProof.is_zero()) {
            (None, true) => None,
            (Some(path), false) => Some(HidingFile::open(path, model.digest().into())?),
            (None, false) => {
                return Err(RelayError::Config(format!(
                    "models.{name}: version {version} of model {model_id} has private weights; name what hides them with `hiding`"
                )));
            }
            (Some(_), true) => {
                return Err(RelayError::Config(format!(
                    "models.{name}: version {version} of model {model_id} has public weights; leave out `hiding`"
                )));
            }
        };
        let committed = model.graph().inputs.iter();
        let mut committed = committed.map(|&id| model.graph().tensors[id].visibility);
        if committed.any(|visibility| visibility == Visibility::Committed) {
            return Err(RelayError::Config(format!(
                "models.{name}: it commits to inputs, whose salts the relayer does not keep; compile it with `--input public`"
            )));
        }
        let key = registered
            .key_bytes()
            .ok_or_else(|| wrong("the key's account"))?;
        let key = parse_key(&key)?;
        let options = OpenOptions {
            limits: Limits {
                max_k: key.k,
                width: Some(key.width),
                pack: Some(key.pack),
                ..Limits::default()
            },
            batch: batch_of_spec(&model, &registered.spec),
            hiding,
            ..OpenOptions::default()
        };
        let session = self.engine.open(model, options, &silent)?;
        let bundle = Bundle::make(&session)?;
        if bundle.model != registered.model_hash {
            return Err(wrong("the model"));
        }
        if bundle.spec_digest() != registered.circuit_hash {
            return Err(wrong("what its public values mean"));
        }
        if bundle.key_digest() != registered.vk_hash {
            return Err(wrong("the verifying key"));
        }
        let served = Arc::new(Served {
            name: name.to_owned(),
            session,
            out_of_domain: match own.saturate {
                true => OutOfDomain::Saturate,
                false => OutOfDomain::Reject,
            },
            model_id,
            version,
            bundle: bundle.digest(),
            layout: (key.k, key.width, key.pack),
        });
        tracing::info!(model = name, %model_id, version, "opened");
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(open.entry(place).or_insert(served).clone())
    }

    fn known(&self, place: &Place) -> Option<Arc<Served>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(place).cloned()
    }
}

impl Served {
    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id and version in the registry.
    pub const fn registered(&self) -> (U256, u32) {
        (self.model_id, self.version)
    }

    /// How many items a proof is about.
    pub fn items(&self) -> usize {
        self.session.plan().lowered.batch().items
    }

    /// What a proof is expected to take, in bytes.
    pub fn memory(&self) -> u64 {
        memory_of(self.session.plan())
    }

    /// How long a proof is expected to take on the reference machine, in seconds.
    pub fn seconds(&self) -> f64 {
        self.session.plan().chosen.seconds
    }

    /// The model.
    pub fn model(&self) -> &CompiledModel {
        self.session.model()
    }

    /// Values one after the other as the integers of one item.
    pub fn quantise(&self, values: &[f64]) -> Result<Row<i32>, RelayError> {
        let specs = self.model().manifest().input_specs();
        let expected: usize = specs.iter().map(|spec| spec.len).sum();
        if values.len() != expected {
            return Err(RelayError::Config(format!(
                "the features have {} values, model `{}` takes {expected}",
                values.len(),
                self.name
            )));
        }
        let mut rest = values;
        let row: Row = specs
            .iter()
            .map(|spec| {
                let (own, others) = rest.split_at(spec.len);
                rest = others;
                own.to_vec()
            })
            .collect();
        Ok(self.model().quantise_input(&row, self.out_of_domain)?)
    }

    /// Integers one after the other, as a feature source reads them, as one item's.
    pub fn split(&self, integers: &[i32]) -> Result<Row<i32>, RelayError> {
        let graph = self.model().graph();
        let lengths = graph.inputs.iter().map(|&id| graph.tensors[id].len);
        let expected: usize = lengths.clone().sum();
        if integers.len() != expected {
            return Err(RelayError::Config(format!(
                "the source reads {} values, model `{}` takes {expected}",
                integers.len(),
                self.name
            )));
        }
        let mut rest = integers;
        Ok(lengths
            .map(|length| {
                let (own, others) = rest.split_at(length);
                rest = others;
                own.to_vec()
            })
            .collect())
    }

    /// The words that a proof about these items will have for its inputs.
    pub fn words(&self, items: &[Row<i32>]) -> Result<InputWords, RelayError> {
        Ok(InputWords::pack(self.model().graph(), items, &[])?)
    }

    /// What the model makes of items.
    pub fn infer(&self, items: &[Row<i32>]) -> Result<Inference, RelayError> {
        let graph = self.model().graph();
        let traces = execute_batch(graph, items)?;
        let outputs = traces.first().map(|trace| trace.outputs(graph));
        let outputs = outputs.unwrap_or_default();
        let reals = self.model().dequantise_output(&outputs);
        Ok(Inference {
            outputs: reals.into_iter().next().unwrap_or_default(),
            integers: outputs.into_iter().next().unwrap_or_default(),
        })
    }

    /// The bundle's digest, and the key's height, width and columns to a pack: what somebody else needs to open the
    /// same.
    pub const fn bundle(&self) -> (B256, (u32, usize, usize)) {
        (self.bundle, self.layout)
    }

    /// Whether only this machine can prove it: its weights are hidden by a secret that no worker has.
    pub const fn stays_here(&self) -> bool {
        self.session.hides_weights()
    }

    /// How many items a proof is about and what is public of them, by names.
    pub fn batch(&self) -> BatchOf {
        BatchOf::of(self.model(), self.session.plan().lowered.batch())
    }

    /// The public values of a proof about these items, as this machine's executor has them.
    pub fn expected(&self, items: &[Row<i32>], context: B256) -> Result<Vec<B256>, RelayError> {
        Ok(self.session.statement(items, &[], context)?.1)
    }

    /// Whether somebody else's proof is one of just these public values under the registered key.
    pub fn verify(&self, public_values: &[B256], proof: &[u8]) -> Result<(), RelayError> {
        Ok(self.session.verify(public_values, proof)?)
    }

    /// Proves; takes as long as it takes, and must be called where that is allowed.
    pub fn prove(&self, items: &[Row<i32>], context: B256) -> Result<Verified, RelayError> {
        Ok(self.session.prove(items, Salts::Random, context, &silent)?)
    }
}
