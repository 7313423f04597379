//! JSON with comments, by a parser that keeps the text.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstContainerNode, CstInputValue, CstNode, CstRootNode};
use serde_json::Value;

use super::{Document, EditError, Step};
use crate::domain::text_encoding::MARK;

pub struct Jsonc {
    root: CstRootNode,
    /// A mark at the beginning, which some editors of Windows write.
    mark: &'static str,
}

/// What editors take: comments and trailing commas, and JSON otherwise.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

impl Jsonc {
    pub fn read(text: &str) -> Result<Jsonc, EditError> {
        let (mark, text) = text.strip_prefix(MARK).map_or(("", text), |rest| (MARK, rest));
        let root = CstRootNode::parse(text, &OPTIONS)
            .map_err(|error| EditError::Malformed { line: error.line_display(), why: error.kind().to_string() })?;
        Ok(Jsonc { root, mark })
    }

    fn node(&self, place: &[Step]) -> Option<CstNode> {
        place.iter().try_fold(self.root.value()?, |node, step| match step {
            Step::Key(name) => node.as_object()?.get(name)?.value(),
            Step::Named(name) => node.as_array()?.elements().into_iter().find(|each| is_named(each, name)),
        })
    }

    /// What `step` leads further from, made where it is missing.
    fn container(&self, place: &[Step], step: &Step) -> Result<CstContainerNode, EditError> {
        let made = match place.split_last() {
            None => match step {
                Step::Key(_) => self.root.object_value_or_create().map(CstContainerNode::from),
                Step::Named(_) => self.root.array_value_or_create().map(CstContainerNode::from),
            },
            Some((Step::Key(name), above)) => {
                let above = self.container(above, &place[place.len() - 1])?.as_object();
                above.and_then(|above| match step {
                    Step::Key(_) => above.object_value_or_create(name).map(CstContainerNode::from),
                    Step::Named(_) => above.array_value_or_create(name).map(CstContainerNode::from),
                })
            }
            Some((Step::Named(_), _)) => None,
        };
        made.ok_or_else(|| {
            EditError::InTheWay(match place.last() {
                Some(Step::Key(name) | Step::Named(name)) => name.clone(),
                None => "the file".to_owned(),
            })
        })
    }
}

fn is_named(node: &CstNode, name: &str) -> bool {
    node.to_serde_value().is_some_and(|value| value["name"] == name)
}

impl Document for Jsonc {
    fn value(&self, place: &[Step]) -> Option<Value> {
        self.node(place)?.to_serde_value()
    }

    fn put(&mut self, place: &[Step], value: &Value) -> Result<(), EditError> {
        let Some((last, above)) = place.split_last() else { return Err(EditError::InTheWay("the file".to_owned())) };
        let container = self.container(above, last)?;
        let value = input(value);
        match (last, container) {
            (Step::Key(name), CstContainerNode::Object(object)) => match object.get(name) {
                Some(property) => property.set_value(value),
                None => drop(object.append(name, value)),
            },
            (Step::Named(name), CstContainerNode::Array(array)) => {
                let found =
                    array.elements().into_iter().find(|each| is_named(each, name)).and_then(|it| it.as_object());
                match found {
                    Some(object) => drop(object.replace_with(value)),
                    None => drop(array.append(value)),
                }
            }
            (Step::Key(name) | Step::Named(name), _) => return Err(EditError::InTheWay(name.clone())),
        }
        Ok(())
    }

    fn take(&mut self, place: &[Step]) {
        let Some((last, above)) = place.split_last() else { return };
        match (last, self.node(above)) {
            (Step::Key(name), Some(node)) => {
                if let Some(property) = node.as_object().and_then(|object| object.get(name)) {
                    property.remove();
                }
            }
            (Step::Named(_), Some(_)) => {
                if let Some(element) = self.node(place) {
                    element.remove();
                }
            }
            (_, None) => {}
        }
    }

    fn text(&self) -> String {
        format!("{}{}", self.mark, self.root)
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(is_so) => CstInputValue::Bool(*is_so),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(members) => {
            CstInputValue::Object(members.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}
