//! `SVMClassifier` and `SVMRegressor`.

use super::classifier::Scores;
use crate::Result;
use crate::import::Importer;
use crate::import::node::Node;
use crate::linear::Affine;

pub(super) fn regressor(_importer: &mut Importer<'_>, node: &Node<'_>) -> Result<Affine> {
    Err(node.unsupported("x"))
}
pub(super) fn classifier(
    _importer: &mut Importer<'_>,
    node: &Node<'_>,
    _value: &Affine,
    _classes: usize,
) -> Result<Scores> {
    Err(node.unsupported("x"))
}
