//! A bounded XML tree that knows where everything stands in the file and what has been read of it.
//!
//! It knows nothing of trade documents beyond the names of UBL's namespaces. Elements are named by their namespace and
//! not by the prefix the file happens to use: `cac:Party`, `cbc:ID`, the root by its bare name.

use super::{
    ATTRIBUTES_BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX, NAMESPACES_MAX, UNREAD_MAX,
    decimal::shorten,
    error::{ImportError, Place, Rule},
};
use quick_xml::{
    NsReader,
    events::{BytesRef, BytesStart, Event},
    name::ResolveResult,
};
use std::{cell::Cell, collections::BTreeSet};

const UBL: &str = "urn:oasis:names:specification:ubl:schema:xsd:";

pub(super) struct Tree {
    elements: Vec<Element>,
    /// Byte offset at which each line begins.
    line_starts: Vec<usize>,
    text: String,
}

struct Element {
    name: String,
    parent: Option<usize>,
    children: Vec<usize>,
    attributes: Vec<(String, String)>,
    text: String,
    offset: usize,
    read: Cell<bool>,
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree,
    index: usize,
}

impl Tree {
    /// Reads UTF-8 XML; DTDs, entities, other encodings and anything over a bound are refused.
    pub(super) fn parse(text: &str) -> Result<Self, ImportError> {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut tree = Self { elements: Vec::new(), line_starts, text: text.to_owned() };
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        reader.resolver_mut().set_max_namespace_bindings(NAMESPACES_MAX);
        let mut open: Vec<usize> = Vec::new();
        loop {
            let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let (namespace, event) = match reader.read_resolved_event() {
                Ok((namespace, event)) => (name_space(namespace), event),
                Err(error) => {
                    let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                    return Err(tree
                        .at(at.max(1))
                        .refuse(Rule::Xml, format!("the file is not well-formed XML: {error}")));
                }
            };
            match event {
                Event::Start(start) => tree.open(&start, namespace, offset, &mut open)?,
                Event::End(_) => {
                    open.pop();
                }
                Event::Text(content) => tree.append(&open, &content.xml10_content(), offset)?,
                Event::CData(content) => tree.append(&open, &content.xml10_content(), offset)?,
                Event::GeneralRef(reference) => {
                    let c = tree.character(&reference, offset)?;
                    tree.append(&open, c.encode_utf8(&mut [0; 4]), offset)?;
                }
                Event::Decl(declaration) => tree.check_encoding(declaration.encoding(), offset)?,
                Event::DocType(_) => {
                    let reason = "the file has a document type declaration, which can hide text: send it without one";
                    return Err(tree.at(offset).refuse(Rule::Doctype, reason));
                }
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        let complete = open.is_empty() && !tree.elements.is_empty();
        let end = tree.text.trim_end().len();
        if complete {
            Ok(tree)
        } else {
            Err(tree.at(end).refuse(Rule::Xml, "the file ends in the middle of the document"))
        }
    }

    fn open(
        &mut self,
        start: &BytesStart<'_>,
        namespace: Space,
        offset: usize,
        open: &mut Vec<usize>,
    ) -> Result<(), ImportError> {
        if open.is_empty() && !self.elements.is_empty() {
            return Err(self.at(offset).refuse(Rule::Xml, "the file goes on after the end of its document"));
        }
        if open.len() >= DEPTH_MAX {
            return Err(self.at(offset).refuse(Rule::Depth, format!("elements are nested more than {DEPTH_MAX} deep")));
        }
        if self.elements.len() >= ELEMENTS_MAX {
            let reason = format!("the document has more than {ELEMENTS_MAX} elements");
            return Err(self.at(offset).refuse(Rule::Elements, reason));
        }
        if start.len() > ATTRIBUTES_BYTES_MAX {
            let reason = format!("an element's tag is longer than {ATTRIBUTES_BYTES_MAX} bytes");
            return Err(self.at(offset).refuse(Rule::TagBytes, reason));
        }
        let local = start.local_name();
        let local: &str = local.as_ref();
        let name = match namespace {
            Space::Aggregate => format!("cac:{local}"),
            Space::Basic => format!("cbc:{local}"),
            Space::Extension => format!("ext:{local}"),
            Space::Document(document) if document == local => local.to_owned(),
            Space::Document(other) => format!("{{{UBL}{}-2}}{}", shorten(&other), shorten(local)),
            Space::None => format!("{{}}{}", shorten(local)),
            Space::Foreign(uri) => format!("{{{}}}{}", shorten(&uri), shorten(local)),
            Space::Undeclared(prefix) => {
                let reason = format!("the prefix `{}` is not declared", shorten(&prefix));
                return Err(self.at(offset).refuse(Rule::Xml, reason));
            }
        };
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| {
                self.at(offset).refuse(Rule::Xml, format!("an attribute is not well-formed: {error}"))
            })?;
            let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| {
                self.at(offset).refuse(Rule::Entity, "an attribute uses an entity that XML itself does not define")
            })?;
            attributes.push((attribute.key.0.to_owned(), value.into_owned()));
        }
        let index = self.elements.len();
        let parent = open.last().copied();
        if let Some(parent) = parent {
            self.elements[parent].children.push(index);
        }
        let read = Cell::new(false);
        self.elements.push(Element {
            name,
            parent,
            children: Vec::new(),
            attributes,
            text: String::new(),
            offset,
            read,
        });
        open.push(index);
        Ok(())
    }

    fn append(&mut self, open: &[usize], content: &str, offset: usize) -> Result<(), ImportError> {
        match open.last() {
            Some(index) => self.elements[*index].text.push_str(content),
            None if content.trim().is_empty() => {}
            None => return Err(self.at(offset).refuse(Rule::Xml, "there is text outside of the document")),
        }
        Ok(())
    }

    fn character(&self, reference: &BytesRef<'_>, offset: usize) -> Result<char, ImportError> {
        let name: &str = reference;
        let known = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        known.ok_or_else(|| {
            let reason = format!("`&{};` is an entity that XML itself does not define", shorten(name));
            self.at(offset).refuse(Rule::Entity, reason)
        })
    }

    fn check_encoding<E>(
        &self,
        encoding: Option<Result<std::borrow::Cow<'_, str>, E>>,
        offset: usize,
    ) -> Result<(), ImportError> {
        match encoding {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => Ok(()),
            Some(_) => {
                let reason = "the file declares an encoding other than UTF-8: save it as UTF-8";
                Err(self.at(offset).refuse(Rule::Encoding, reason))
            }
        }
    }

    fn at(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        let column = self.text.get(start..offset).map_or(offset - start, |before| before.chars().count()) + 1;
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Place { line: number(line), column: number(column), path: String::new() }
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.elements[0].read.set(true);
        Node { tree: self, index: 0 }
    }

    /// The highest elements that nobody asked for, each path once, in the order of the file.
    pub(super) fn unread(&self) -> Vec<String> {
        let mut paths: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        let mut hidden = vec![false; self.elements.len()];
        for (index, element) in self.elements.iter().enumerate() {
            let parent_hidden = element.parent.is_some_and(|parent| hidden[parent]);
            hidden[index] = parent_hidden || !element.read.get();
            if parent_hidden || !hidden[index] {
                continue;
            }
            let path = self.path(index, false);
            if known.contains(&path) {
                continue;
            }
            if paths.len() == UNREAD_MAX {
                paths.push("...".to_owned());
                break;
            }
            known.insert(path.clone());
            paths.push(path);
        }
        paths
    }

    fn path(&self, index: usize, numbered: bool) -> String {
        let mut steps = Vec::new();
        let mut at = Some(index);
        while let Some(index) = at {
            let element = &self.elements[index];
            let number = if numbered { self.number_among_siblings(index) } else { None };
            steps.push(number.map_or(element.name.clone(), |number| format!("{}[{number}]", element.name)));
            at = element.parent;
        }
        steps.reverse();
        steps.join("/")
    }

    /// Its number among the siblings of its name, from 1; none for the only one.
    fn number_among_siblings(&self, index: usize) -> Option<usize> {
        let element = &self.elements[index];
        let siblings = &self.elements[element.parent?].children;
        let mut same = siblings.iter().filter(|other| self.elements[**other].name == element.name);
        let alone = same.clone().nth(1).is_none();
        if alone { None } else { same.position(|other| *other == index).map(|before| before + 1) }
    }
}

impl<'t> Node<'t> {
    fn element(self) -> &'t Element {
        &self.tree.elements[self.index]
    }

    pub(super) fn name(self) -> &'t str {
        &self.element().name
    }

    /// Where it stands.
    pub(super) fn place(self) -> Place {
        Place { path: self.tree.path(self.index, true), ..self.tree.at(self.element().offset) }
    }

    pub(super) fn line(self) -> u32 {
        self.tree.at(self.element().offset).line
    }

    pub(super) fn refuse(self, rule: Rule, reason: impl Into<String>) -> ImportError {
        self.place().refuse(rule, reason)
    }

    fn named(self, name: &'t str) -> impl Iterator<Item = Node<'t>> {
        let tree = self.tree;
        let of_name = self.element().children.iter().filter(move |index| tree.elements[**index].name == name);
        of_name.map(move |index| Node { tree, index: *index })
    }

    /// All children of this name.
    pub(super) fn all(self, name: &'static str) -> Vec<Node<'t>> {
        let children: Vec<_> = self.named(name).collect();
        children.iter().for_each(|child| child.element().read.set(true));
        children
    }

    /// The first child of this name; any others stay unread and are reported.
    pub(super) fn first(self, name: &'static str) -> Option<Node<'t>> {
        self.named(name).next().inspect(|child| child.element().read.set(true))
    }

    /// The only child of this name; a second one is refused.
    pub(super) fn one(self, name: &'static str) -> Result<Option<Node<'t>>, ImportError> {
        let mut children = self.named(name);
        let first = children.next();
        if let Some(second) = children.next() {
            return Err(second.refuse(Rule::Twice, format!("`{name}` is given twice where one is allowed")));
        }
        Ok(first.inspect(|child| child.element().read.set(true)))
    }

    /// The text with blanks collapsed; empty text is none.
    pub(super) fn text(self) -> Option<String> {
        let words: Vec<&str> = self.element().text.split_ascii_whitespace().collect();
        if words.is_empty() { None } else { Some(words.join(" ")) }
    }

    pub(super) fn attribute(self, name: &str) -> Option<&'t str> {
        let attributes = self.element().attributes.iter();
        attributes.filter(|(key, _)| key == name).map(|(_, value)| value.trim()).find(|value| !value.is_empty())
    }
}

enum Space {
    Aggregate,
    Basic,
    Extension,
    /// UBL's namespace of one document type, by that type's name.
    Document(String),
    Foreign(String),
    None,
    Undeclared(String),
}

fn name_space(resolved: ResolveResult<'_>) -> Space {
    match resolved {
        ResolveResult::Unbound => Space::None,
        ResolveResult::Unknown(prefix) => Space::Undeclared(prefix),
        ResolveResult::Bound(namespace) => match namespace.0.strip_prefix(UBL).and_then(|kind| kind.strip_suffix("-2"))
        {
            Some("CommonAggregateComponents") => Space::Aggregate,
            Some("CommonBasicComponents") => Space::Basic,
            Some("CommonExtensionComponents") => Space::Extension,
            Some(document) => Space::Document(document.to_owned()),
            None => Space::Foreign(namespace.0.to_owned()),
        },
    }
}
