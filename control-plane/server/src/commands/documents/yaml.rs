//! YAML 1.2, and with it JSON, as values that know the lines of their parts.
//!
//! Keys are texts and stand once in an object; plain scalars are read by the core schema. Tags other than
//! `!!str` are refused, and so is what grows beyond its limits.

use std::{borrow::Cow, collections::BTreeMap};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Number, Value};

/// The values of one file, those that anchors repeat included.
const NODE_LIMIT: usize = 100_000;

/// Objects and lists within each other.
const DEPTH_LIMIT: usize = 128;

/// A document, and the line that each of its parts begins in, by JSON pointer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Yaml {
    pub(super) value: Value,
    pub(super) lines: BTreeMap<String, usize>,
}

/// What is no YAML, and where; lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) message: String,
}

impl Yaml {
    /// The document below some lines of its file.
    pub(super) fn below(mut self, lines: usize) -> Self {
        self.lines.values_mut().for_each(|line| *line += lines);
        self
    }
}

impl Fault {
    /// The fault below some lines of its file.
    pub(super) fn below(mut self, lines: usize) -> Self {
        self.line += lines;
        self
    }
}

struct Reader<'t> {
    events: Parser<'t, saphyr_parser::StrInput<'t>>,
    lines: BTreeMap<String, usize>,
    anchors: BTreeMap<usize, (Value, usize)>,
    nodes: usize,
}

type Read<T> = Result<T, Fault>;

/// Reads the documents of a text; one with nothing in it is passed over.
pub(super) fn read(text: &str) -> Read<Vec<Yaml>> {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        lines: BTreeMap::new(),
        anchors: BTreeMap::new(),
        nodes: 0,
    };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(documents),
            (Event::DocumentStart(_), _) => {
                let (event, span) = reader.next()?;
                let value = reader.node(event, span, "", 0)?;
                let lines = std::mem::take(&mut reader.lines);
                reader.anchors.clear();
                if !value.is_null() {
                    documents.push(Yaml { value, lines });
                }
            }
            _ => {}
        }
    }
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Read<(Event<'t>, Span)> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(fault(error.marker(), error.info())),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, place: &str, depth: usize) -> Read<Value> {
        let at = span.start;
        self.lines.entry(place.to_owned()).or_insert(at.line());
        if depth > DEPTH_LIMIT {
            let message = format!("more than {DEPTH_LIMIT} objects and lists within each other");
            return Err(fault(&at, message));
        }
        let before = self.nodes;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => (scalar(text, style, tag, &at)?, anchor),
            Event::SequenceStart(anchor, tag) => {
                refuse_tag(tag, &at)?;
                (self.list(place, depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                refuse_tag(tag, &at)?;
                (self.object(place, depth)?, anchor)
            }
            Event::Alias(anchor) => {
                let found = self.anchors.get(&anchor);
                let (value, size) = found.ok_or_else(|| fault(&at, "an alias within itself"))?;
                self.nodes += size;
                (value.clone(), 0)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(fault(&at, "a value is required")),
        };
        self.nodes += 1;
        if self.nodes > NODE_LIMIT {
            return Err(fault(&at, format!("more than {NODE_LIMIT} values")));
        }
        if anchor > 0 {
            let size = self.nodes - before;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok(value)
    }

    fn list(&mut self, place: &str, depth: usize) -> Read<Value> {
        let mut list = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Value::Array(list));
            }
            let place = format!("{place}/{}", list.len());
            list.push(self.node(event, span, &place, depth + 1)?);
        }
    }

    fn object(&mut self, place: &str, depth: usize) -> Read<Value> {
        let mut object = Map::new();
        loop {
            let (event, span) = self.next()?;
            let at = span.start;
            if event == Event::MappingEnd {
                return Ok(Value::Object(object));
            }
            let Event::Scalar(key, ..) = event else {
                return Err(fault(&at, "a key is a text"));
            };
            let key = key.into_owned();
            let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
            // What is said of an entry belongs to the line of its key.
            self.lines.insert(place.clone(), at.line());
            let (event, span) = self.next()?;
            let value = self.node(event, span, &place, depth + 1)?;
            if object.insert(key.clone(), value).is_some() {
                return Err(fault(
                    &at,
                    format!("the key `{key}` is given more than once"),
                ));
            }
        }
    }
}

fn fault(at: &Marker, message: impl Into<String>) -> Fault {
    Fault {
        line: at.line(),
        message: message.into(),
    }
}

fn refuse_tag(tag: Option<Cow<'_, Tag>>, at: &Marker) -> Read<()> {
    match tag {
        None => Ok(()),
        Some(tag) => Err(fault(at, format!("the tag `{tag}` is not taken here"))),
    }
}

fn scalar(
    text: Cow<'_, str>,
    style: ScalarStyle,
    tag: Option<Cow<'_, Tag>>,
    at: &Marker,
) -> Read<Value> {
    let is_text = |tag: &Cow<'_, Tag>| tag.is_yaml_core_schema() && tag.suffix == "str";
    if tag.as_ref().is_some_and(is_text) {
        return Ok(Value::String(text.into_owned()));
    }
    refuse_tag(tag, at)?;
    if style == ScalarStyle::Plain {
        return Ok(plain(&text));
    }
    Ok(Value::String(text.into_owned()))
}

/// A scalar without quotes, by the core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits
            .chars()
            .all(|one| one.is_ascii_digit() || ".eE+-".contains(one));
    let number = is_number.then(|| number(text)).flatten();
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if let Ok(whole) = unsigned.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = unsigned.parse::<u64>() {
        return Some(whole.into());
    }
    Number::from_f64(unsigned.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(text: &str) -> Vec<Value> {
        let documents = read(text).unwrap();
        documents.into_iter().map(|one| one.value).collect()
    }

    #[test]
    fn documents_are_read_with_their_lines() {
        let text =
            "# ours\nkind: A\nspec:\n  list:\n    - a: 1\n    - {b/c: 2}\n---\n---\nkind: B\n";
        let documents = read(text).unwrap();
        assert_eq!(
            documents[0].value,
            json!({"kind": "A", "spec": {"list": [{"a": 1}, {"b/c": 2}]}})
        );
        for (pointer, line) in [
            ("", 2),
            ("/spec", 3),
            ("/spec/list/0/a", 5),
            ("/spec/list/1/b~1c", 6),
        ] {
            assert_eq!(documents[0].lines[pointer], line, "{pointer}");
        }
        assert_eq!(
            (&documents[1].value, documents[1].lines[""]),
            (&json!({"kind": "B"}), 9)
        );
        assert_eq!(documents.len(), 2);
    }

    #[test]
    fn scalars_are_what_the_core_schema_says() {
        let text = "[1, -2, +3, 0.5, 1e3, true, null, ~, '1', \"x\\ty\", v1, 1.2.3, 18446744073709551615, on, 0x1f, !!str 42]";
        let expected = json!([
            1,
            -2,
            3,
            0.5,
            1000.0,
            true,
            null,
            null,
            "1",
            "x\ty",
            "v1",
            "1.2.3",
            18_446_744_073_709_551_615_u64,
            "on",
            "0x1f",
            "42"
        ]);
        assert_eq!(values(text), [expected]);
    }

    #[test]
    fn json_is_yaml_also_with_tabs_and_escapes() {
        let text = "{\n\t\"a\": [1, {\"b\": \"\\u00e9\\/\"}],\n\t\"c\": \"\"\n}\n";
        assert_eq!(values(text), [json!({"a": [1, {"b": "é/"}], "c": ""})]);
    }

    #[test]
    fn what_was_said_before_can_be_repeated() {
        assert_eq!(
            values("a: &x {b: [1]}\nc: *x\n"),
            [json!({"a": {"b": [1]}, "c": {"b": [1]}})]
        );
    }

    #[test]
    fn a_fault_has_its_line() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..9 {
            let before = format!("*a{}", level - 1);
            let list = vec![before; 10].join(",");
            bomb += &format!("a{level}: &a{level} [{list}]\n");
        }
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        for (text, line, part) in [
            ("a: 1\nb: [1\nc: 2\n", 3, ""),
            ("a: 1\nb: 2\na: 3\n", 3, "`a` is given more than once"),
            ("a:\n  !!binary x\n", 2, "is not taken here"),
            ("a: &x [*x]\n", 1, ""),
            ("? [a]\n: 1\n", 1, "a key is a text"),
            (&*bomb, 5, "more than 100000 values"),
            (&*deep, 1, "within each other"),
        ] {
            let fault = read(text).unwrap_err();
            assert_eq!(fault.line, line, "{text}: {}", fault.message);
            assert!(fault.message.contains(part), "{}", fault.message);
        }
    }
}
