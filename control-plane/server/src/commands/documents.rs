//! The documents of files: rules, tests, each with its place.

mod json;
mod yaml;

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::Value;
use yaml::{Fault, Yaml};

/// One document, and where it is from.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) file: String,
    /// What it says, or why it cannot be read.
    pub(super) content: Result<Value, String>,
    lines: BTreeMap<String, usize>,
}

/// What a folder is searched for.
const ENDINGS: [&str; 5] = ["yaml", "yml", "json", "jsonl", "ndjson"];

impl Document {
    /// The line of the innermost part that a JSON pointer leads to.
    pub(super) fn line_of(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.lines.get(pointer) {
                return *line;
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return 1,
            }
        }
    }
}

/// Reads the documents of files, of all in a folder that end in `.yaml`, `.yml`, `.json`, `.jsonl` or
/// `.ndjson`, and of standard input for `-`. A file of YAML or JSON may hold several.
///
/// # Errors
/// When a file cannot be read, or there is no document at all.
pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<Document>> {
    let mut documents = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            let mut text = String::new();
            let read = std::io::stdin().lock().read_to_string(&mut text);
            read.context("read standard input")?;
            documents.extend(parse("-", &text));
            continue;
        }
        for file in files(path)? {
            let text = fs::read_to_string(&file);
            let text = text.with_context(|| format!("read {}", file.display()))?;
            documents.extend(parse(&file.display().to_string(), &text));
        }
    }
    anyhow::ensure!(!documents.is_empty(), "there is no document to look at");
    Ok(documents)
}

fn parse(file: &str, text: &str) -> Vec<Document> {
    let read = json::read(text).unwrap_or_else(|| match yaml::read(text) {
        Ok(documents) => documents.into_iter().map(Ok).collect(),
        Err(fault) => vec![Err(fault)],
    });
    let documents = read.into_iter().map(|read| {
        let (content, lines) = match read {
            Ok(Yaml { value, lines }) => (Ok(value), lines),
            Err(Fault { line, message }) => (Err(message), [(String::new(), line)].into()),
        };
        let file = file.to_owned();
        Document {
            file,
            content,
            lines,
        }
    });
    documents.collect()
}

/// A file itself, or those of a folder and of the folders in it, sorted by name. Hidden ones are left out, and
/// links to folders are not followed, so that what a Kubernetes volume links to is read once.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let context = || format!("read {}", path.display());
    let entries = fs::read_dir(path).with_context(context)?;
    let entries = entries.map(|entry| Ok(entry?.path()));
    let mut entries: Vec<PathBuf> = entries
        .collect::<std::io::Result<_>>()
        .with_context(context)?;
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        let ending = entry.extension().and_then(|ending| ending.to_str());
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || (entry.is_dir() && entry.is_symlink()) {
            continue;
        }
        if entry.is_dir() {
            found.extend(files(&entry)?);
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            found.push(entry);
        }
    }
    Ok(found)
}
