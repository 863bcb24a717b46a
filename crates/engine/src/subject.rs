//! What a proof, a key or a registered version is said to be about.

use crate::{EngineError, Mismatch};
use alloy_primitives::B256;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};
use verdict_model::{CompiledModel, MAGIC};
use verdict_prover::{ARCHITECTURE_MAGIC, Architecture, Subject as Audited};

/// What a proof is said to be about.
#[derive(Debug)]
pub struct Subject {
    path: PathBuf,
    kind: SubjectKind,
    model: CompiledModel,
    digest: B256,
}

/// Whether the weights are at hand.
#[derive(Debug)]
pub enum SubjectKind {
    /// A compiled model whose weights are public.
    Model,
    /// What is public of a model with private weights.
    Architecture(Box<Architecture>),
}

impl Subject {
    /// Reads a compiled model or a redacted architecture. For a proof with private weights a
    /// compiled model stands for its architecture, whose digest such proofs state.
    pub fn load(path: &Path, private_weights: bool) -> Result<Self, EngineError> {
        if begins_with(path, &ARCHITECTURE_MAGIC)? {
            let architecture = Architecture::load(path)?;
            let model = architecture.model().clone();
            return Ok(Self::of_architecture(path, architecture, model));
        }
        Self::of_model(path, CompiledModel::load(path)?, private_weights)
    }

    /// Reads what somebody names by its digest: a compiled model stands for itself or for its
    /// architecture, whichever has that digest, and for what `private_weights` says where neither
    /// has.
    pub fn named(path: &Path, digest: B256, private_weights: bool) -> Result<Self, EngineError> {
        let public = Self::load(path, false)?;
        if public.digest == digest || public.is_private() {
            return Ok(public);
        }
        let private = Self::of_model(path, public.model.clone(), true);
        match private {
            Ok(private) if private_weights || private.digest == digest => Ok(private),
            Err(error) if private_weights => Err(error),
            // A model that has no architecture is not meant by one.
            _ => Ok(public),
        }
    }

    /// A model that was opened.
    pub(crate) fn of(model: CompiledModel, private_weights: bool) -> Result<Self, EngineError> {
        Self::of_model(Path::new("the model"), model, private_weights)
    }

    fn of_model(
        path: &Path,
        model: CompiledModel,
        private_weights: bool,
    ) -> Result<Self, EngineError> {
        if private_weights {
            let architecture = Architecture::of(&model)?;
            return Ok(Self::of_architecture(path, architecture, model));
        }
        Ok(Self {
            path: path.to_owned(),
            kind: SubjectKind::Model,
            digest: model.digest().into(),
            model,
        })
    }

    fn of_architecture(path: &Path, architecture: Architecture, model: CompiledModel) -> Self {
        Self {
            path: path.to_owned(),
            model,
            digest: architecture.digest().into(),
            kind: SubjectKind::Architecture(Box::new(architecture)),
        }
    }

    /// The model, without weights if it is an architecture.
    pub const fn model(&self) -> &CompiledModel {
        &self.model
    }

    /// What strangers know of it: the architecture's model where the weights are private.
    pub fn published(&self) -> &CompiledModel {
        match &self.kind {
            SubjectKind::Model => &self.model,
            SubjectKind::Architecture(architecture) => architecture.model(),
        }
    }

    /// The model, taken out.
    pub fn into_model(self) -> CompiledModel {
        self.model
    }

    /// The digest that proofs about it state.
    pub const fn digest(&self) -> B256 {
        self.digest
    }

    /// Whether the weights are private.
    pub const fn is_private(&self) -> bool {
        matches!(self.kind, SubjectKind::Architecture(_))
    }

    /// What is at hand.
    pub const fn kind(&self) -> &SubjectKind {
        &self.kind
    }

    /// What keys are audited against.
    pub fn audited(&self) -> Audited<'_> {
        match &self.kind {
            SubjectKind::Model => Audited::Model(&self.model),
            SubjectKind::Architecture(architecture) => Audited::Architecture(architecture),
        }
    }

    /// Refuses what states another digest; `stated_in` says where, `hint` what to do.
    pub fn must_be(
        &self,
        stated: B256,
        stated_in: &str,
        hint: &'static str,
    ) -> Result<(), EngineError> {
        if stated == self.digest {
            return Ok(());
        }
        Err(EngineError::Mismatch(Box::new(Mismatch {
            what: "model",
            left_of: stated_in.into(),
            left: stated.to_string(),
            right_of: self.path.display().to_string(),
            right: self.digest.to_string(),
            hint,
        })))
    }
}

/// Whether a file begins with these bytes.
fn begins_with(path: &Path, magic: &[u8]) -> Result<bool, EngineError> {
    let fail = EngineError::io("read", path);
    let mut start = Vec::new();
    File::open(path)
        .map_err(&fail)?
        .take(MAGIC.len().max(magic.len()) as u64)
        .read_to_end(&mut start)
        .map_err(fail)?;
    Ok(start.starts_with(magic))
}
