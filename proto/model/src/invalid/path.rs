//! The path of a field: `branches[1].targets[0].labels["app.io/tier"].value`.

/// A key that people chose, as a part of a path.
pub fn quoted_key(key: &str) -> String {
    let escaped = key.replace('\\', r"\\").replace('"', r#"\""#);
    format!(r#"["{escaped}"]"#)
}

/// The JSON pointer (RFC 6901) of a path.
pub(crate) fn pointer_to(path: &str) -> String {
    let mut pointer = String::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (token, left) = next_token(rest);
        pointer.push('/');
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
        // A key of metadata is whatever is left: it may have dots and brackets of its own.
        let is_metadata = token == "metadata" && left.starts_with('.');
        rest = left.strip_prefix('.').unwrap_or(left);
        if is_metadata {
            pointer.push('/');
            pointer.push_str(&rest.replace('~', "~0").replace('/', "~1"));
            break;
        }
    }
    pointer
}

/// The first part of a path, and what follows it.
fn next_token(path: &str) -> (String, &str) {
    if let Some(quoted) = path.strip_prefix("[\"") {
        return unquoted(quoted);
    }
    let (path, end) = match path.strip_prefix('[') {
        Some(index) => (index, index.find(']').unwrap_or(index.len())),
        None => (path, path.find(['.', '[']).unwrap_or(path.len())),
    };
    let (token, left) = path.split_at(end);
    (token.to_owned(), left.strip_prefix(']').unwrap_or(left))
}

/// The key up to its closing quote, and what follows the bracket.
fn unquoted(quoted: &str) -> (String, &str) {
    let mut key = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => {
                let left = &quoted[index + 1..];
                return (key, left.strip_prefix(']').unwrap_or(left));
            }
            '\\' => key.extend(characters.next().map(|(_, escaped)| escaped)),
            other => key.push(other),
        }
    }
    (key, "")
}
