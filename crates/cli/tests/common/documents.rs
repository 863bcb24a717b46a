//! The pages that people read: what is linked, named and to be typed in them.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The repository's root.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// A page.
#[derive(Debug, Default)]
pub struct Document {
    /// Its path from the root.
    pub path: String,
    pub blocks: Vec<Block>,
    /// Where its links lead.
    pub links: Vec<String>,
    /// What it has in `code style`.
    pub spans: Vec<String>,
    pub headings: Vec<String>,
}

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    pub language: String,
    pub text: String,
    /// The flow it belongs to, if a comment `<!-- flow: NAME -->` goes before it.
    pub flow: Option<String>,
}

impl Document {
    /// Reads a page of the repository.
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let mut document = Self {
            path: path.into(),
            ..Self::default()
        };
        let (mut flow, mut block, mut heading) = (None, None, None);
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Html(html) => flow = flow_name(&html).or(flow),
                Event::Start(Tag::CodeBlock(kind)) => {
                    block = Some(Block {
                        language: language(kind),
                        text: String::new(),
                        flow: flow.take(),
                    });
                }
                Event::End(TagEnd::CodeBlock) => document.blocks.extend(block.take()),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => document.headings.extend(heading.take()),
                Event::Start(Tag::Link { dest_url, .. }) => document.links.push(dest_url.into()),
                Event::Text(text) => {
                    let text_of = block.as_mut().map(|block| &mut block.text);
                    if let Some(open) = text_of.or(heading.as_mut()) {
                        *open += &text;
                    }
                }
                Event::Code(code) => {
                    if let Some(open) = &mut heading {
                        *open += &code;
                    }
                    document.spans.push(code.into());
                }
                _ => {}
            }
        }
        assert_eq!(flow, None, "{path}: this flow's comment has no block");
        document
    }
}

fn language(kind: CodeBlockKind<'_>) -> String {
    match kind {
        CodeBlockKind::Fenced(language) => language.into(),
        CodeBlockKind::Indented => String::new(),
    }
}

fn flow_name(html: &str) -> Option<String> {
    let inside = html.trim().strip_prefix("<!-- flow:")?;
    let name = inside.strip_suffix("-->").unwrap();
    Some(name.trim().into())
}

/// The pages below a folder, by name.
pub fn pages(folder: &str) -> Vec<String> {
    let mut pages: Vec<String> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    pages.sort();
    pages
}
