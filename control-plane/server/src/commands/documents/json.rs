//! JSON documents one after another, such as a line each.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::yaml::{self, Fault, Yaml};

/// Reads the documents of a text in which a JSON object or list follows another one; None if none does.
///
/// A document that cannot be read ends the text: what comes after it has no beginning.
pub(super) fn read(text: &str) -> Option<Vec<Result<Yaml, Fault>>> {
    let ends = ends(text);
    let (Ok(first), true) = (ends.first()?, text.trim_start().starts_with(['{', '['])) else {
        return None;
    };
    if !text[*first..].trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut documents = Vec::new();
    let (mut begin, mut lines_before) = (0, 0);
    for end in ends {
        let end = match end {
            Ok(end) => end,
            Err(fault) => {
                documents.push(Err(fault));
                break;
            }
        };
        let document = &text[begin..end];
        // JSON is YAML, whose reader knows the lines.
        match yaml::read(document) {
            Ok(read) => documents.extend(read.into_iter().map(|one| Ok(one.below(lines_before)))),
            Err(fault) => documents.push(Err(fault.below(lines_before))),
        }
        lines_before += document.matches('\n').count();
        begin = end;
    }
    Some(documents)
}

/// Where each document ends, up to the first that is no JSON.
fn ends(text: &str) -> Vec<Result<usize, Fault>> {
    let mut values = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut ends = Vec::new();
    while let Some(value) = values.next() {
        ends.push(match value {
            Ok(IgnoredAny) => Ok(values.byte_offset()),
            Err(error) => Err(Fault {
                line: error.line(),
                message: format!("not JSON: {error}"),
            }),
        });
    }
    ends
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_that_follow_each_other_are_read_with_their_lines() {
        let text = "{\"kind\": \"A\"}\n{\"kind\":\n \"B\",\n \"spec\": {}} {\"kind\": \"C\"}\n\n";
        let documents = read(text).unwrap();
        let found: Vec<_> = documents.iter().flatten().collect();
        let values: Vec<_> = found.iter().map(|one| one.value.clone()).collect();
        assert_eq!(
            values,
            [
                json!({"kind": "A"}),
                json!({"kind": "B", "spec": {}}),
                json!({"kind": "C"})
            ]
        );
        assert_eq!((found[0].lines[""], found[1].lines["/spec"]), (1, 4));
        assert_eq!(found[2].lines["/kind"], 4);
    }

    #[test]
    fn one_document_and_yaml_are_not_for_this_reader() {
        for text in [
            "",
            "{\"a\": 1}\n",
            "[1]",
            "{a: 1}\n---\n{b: 1}\n",
            "{\"a\": 1}\n---\n{\"b\": 1}\n",
            "a: 1\n",
            "{\"a\": ",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_after_the_documents_before_it() {
        let documents = read("{\"a\": 1}\n{\"a\": 1, \"a\": 2}\n{\"b\": }\n{\"c\": 1}\n").unwrap();
        let [Ok(first), Err(repeated), Err(broken)] = &documents[..] else {
            panic!("{documents:?}");
        };
        assert_eq!(first.value, json!({"a": 1}));
        assert_eq!(repeated.line, 2);
        assert_eq!(repeated.message, "the key `a` is given more than once");
        assert_eq!(broken.line, 3);
        assert!(
            broken.message.starts_with("not JSON: "),
            "{}",
            broken.message
        );
    }
}
