//! Inputs of words: categories whose encoders are in the file.
//!
//! A word becomes its number among all the words that the file's encoders know, in the order of the
//! alphabet, and the encoders' lists become those numbers; whatever else only moves words about moves
//! numbers just as well. Anything that computes with words is refused: a number says nothing of how
//! its word is spelt. A word that no encoder knows is one number more than all of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto, type_proto,
};

use crate::import::operators;
use crate::{CompileError, Result};

/// By input, its words in the order of their numbers.
pub(crate) type Words = BTreeMap<String, Vec<String>>;

/// The model with numbers for words; nothing if none of its inputs are words.
pub(crate) fn numbered(path: &Path, model: &ModelProto) -> Result<Option<(ModelProto, Words)>> {
    let Some(graph) = &model.graph else {
        return Ok(None);
    };
    let inputs: Vec<&str> = graph
        .input
        .iter()
        .filter(|input| element(input) == Some(DataType::String as i32))
        .map(|input| input.name.as_str())
        .collect();
    if inputs.is_empty() {
        return Ok(None);
    }
    let readers = readers(path, graph, &inputs)?;
    let known: BTreeSet<String> = readers
        .iter()
        .flat_map(|&node| listed(&graph.node[node]))
        .flat_map(texts)
        .collect();
    let words: Vec<String> = known.into_iter().collect();
    if words.is_empty() {
        return Err(CompileError::InvalidModel {
            path: path.into(),
            detail: format!(
                "input `{}` is of words, and no LabelEncoder or OneHotEncoder with a list of words reads it; number the words before \
                 the model, or export it with its encoder",
                inputs[0]
            ),
        });
    }
    let mut changed = model.clone();
    if let Some(graph) = &mut changed.graph {
        let names: HashSet<String> = inputs.iter().map(|name| (*name).to_owned()).collect();
        let of_words = graph.input.iter_mut().filter(|it| names.contains(&it.name));
        of_words.for_each(make_whole);
        for node in readers {
            encode(&mut graph.node[node], &words);
        }
    }
    let words = inputs
        .iter()
        .map(|name| ((*name).to_owned(), words.clone()));
    Ok(Some((changed, words.collect())))
}

/// The element type of an input that is a tensor.
fn element(input: &ValueInfoProto) -> Option<i32> {
    let type_proto::Value::TensorType(tensor) = input.r#type.as_ref()?.value.as_ref()?;
    Some(tensor.elem_type)
}

fn make_whole(input: &mut ValueInfoProto) {
    let value = input.r#type.as_mut().and_then(|it| it.value.as_mut());
    if let Some(type_proto::Value::TensorType(tensor)) = value {
        tensor.elem_type = DataType::Int64 as i32;
    }
}

/// The encoders that read words, whatever moved these before; an error if anything else reads them.
fn readers(path: &Path, graph: &GraphProto, inputs: &[&str]) -> Result<Vec<usize>> {
    let mut moved: HashSet<&str> = inputs.iter().copied().collect();
    let mut readers = BTreeSet::new();
    // Nodes may be in any order, so until nothing is added.
    loop {
        let before = moved.len();
        for (index, node) in graph.node.iter().enumerate() {
            if !node.input.iter().any(|name| moved.contains(name.as_str())) {
                continue;
            }
            match operators::find(&node.domain, &node.op_type) {
                Some(operator) if operator.categories => {
                    readers.insert(index);
                }
                Some(operator) if operator.moves_words => {
                    moved.extend(node.output.iter().map(String::as_str));
                }
                _ => return Err(unreadable(path, node)),
            }
        }
        if moved.len() == before {
            break;
        }
    }
    let words = graph
        .output
        .iter()
        .find(|it| moved.contains(it.name.as_str()));
    match words {
        Some(output) => Err(CompileError::InvalidModel {
            path: path.into(),
            detail: format!(
                "output `{}` is of words, as they came in; name the values that the model computes as its outputs",
                output.name
            ),
        }),
        None => Ok(readers.into_iter().collect()),
    }
}

fn unreadable(path: &Path, node: &NodeProto) -> CompileError {
    let first = node.output.first().cloned().unwrap_or_default();
    CompileError::UnsupportedOperator {
        path: path.into(),
        node: if node.name.is_empty() { first } else { node.name.clone() },
        op: node.op_type.clone(),
        hint: "it reads words; only LabelEncoder and OneHotEncoder may, so prepare the words before the model".into(),
    }
}

/// The attributes that list the words an encoder knows.
fn listed(node: &NodeProto) -> impl Iterator<Item = &AttributeProto> {
    let keys = [
        "cats_strings",
        "keys_strings",
        "classes_strings",
        "keys_tensor",
    ];
    let attributes = node.attribute.iter();
    attributes.filter(move |attribute| keys.contains(&attribute.name.as_str()))
}

fn texts(attribute: &AttributeProto) -> Vec<String> {
    let tensor = attribute.t.iter().flat_map(|tensor| &tensor.string_data);
    let words = attribute.strings.iter().chain(tensor);
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// Numbers in place of the words that an encoder lists.
fn encode(node: &mut NodeProto, words: &[String]) {
    let number = |word: &String| words.binary_search(word).unwrap_or(words.len()) as i64;
    let mut more = None;
    for attribute in &mut node.attribute {
        let name = match attribute.name.as_str() {
            "cats_strings" => "cats_int64s",
            "keys_strings" | "keys_tensor" => "keys_int64s",
            // Of the first version: a word's value is its place in the list.
            "classes_strings" => {
                let places = 0..texts(attribute).len() as i64;
                more = Some(whole("values_int64s", places.collect()));
                "keys_int64s"
            }
            _ => continue,
        };
        let known = texts(attribute);
        if known.is_empty() {
            continue;
        }
        *attribute = whole(name, known.iter().map(number).collect());
    }
    node.attribute.extend(more);
}

fn whole(name: &str, values: Vec<i64>) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: 7,
        ints: values,
        ..AttributeProto::default()
    }
}
