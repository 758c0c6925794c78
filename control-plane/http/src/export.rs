//! Whole lists as a download: `format=csv` or `format=ndjson`.
//!
//! CSV is that of RFC 4180, in UTF-8. What an application says of itself ends up in somebody's
//! spreadsheet: text that one would take for a formula gets an apostrophe before it, by which
//! spreadsheets know text. Rows are read and written some hundred at a time, so that a list of any length
//! costs little memory. A download that fails on the way ends without its end, which clients notice.

use std::{borrow::Cow, io};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::header;
use merak_core::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;
use utoipa::ToSchema;

use crate::{page::PageSize, problem::Problem};

/// How a list is answered: a page of it as JSON, or all of it as a download.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListFormat {
    #[default]
    Json,
    Ndjson,
    Csv,
}

/// The form of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Export {
    /// A JSON object a line, as lists have it.
    Ndjson,
    Csv,
}

/// What has a row in a table.
pub(crate) trait Row: Serialize {
    /// The fields of its JSON that are columns, `outer.inner` for one inside of another.
    const COLUMNS: &'static [&'static str];
}

/// The rows that are written together.
pub(crate) const CHUNK_ROWS: usize = 500;

/// What spreadsheets begin a formula with, in their wide forms too, and what they skip before it.
const FORMULA_BEGINS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

impl ListFormat {
    /// The download that is asked for, if one is; it has no pages.
    pub(crate) fn export(
        self,
        size: Option<PageSize>,
        token: Option<&str>,
    ) -> Result<Option<Export>, Problem> {
        let export = match self {
            Self::Json => return Ok(None),
            Self::Ndjson => Export::Ndjson,
            Self::Csv => Export::Csv,
        };
        for (name, is_given) in [
            ("page_size", size.is_some()),
            ("page_token", token.is_some()),
        ] {
            if is_given {
                let refused = "a download is the whole list and has no pages";
                return Err(Problem::parameter(name, refused));
            }
        }
        Ok(Some(export))
    }
}

impl Export {
    /// A list that is in memory as a download.
    pub(crate) fn of_rows<R, T>(self, name: &str, rows: Vec<R>, show: fn(&R) -> T) -> Response
    where
        R: Send + 'static,
        T: Row + Send + 'static,
    {
        let chunks = stream::iter(rows).chunks(CHUNK_ROWS);
        self.answer(
            name,
            chunks.map(move |chunk| Ok(chunk.iter().map(show).collect::<Vec<T>>())),
        )
    }

    /// The rows of a stream as a download.
    pub(crate) fn answer<T: Row>(
        self,
        name: &str,
        chunks: impl Stream<Item = Result<Vec<T>, Error>> + Send + 'static,
    ) -> Response {
        let (media_type, extension) = match self {
            Self::Ndjson => ("application/x-ndjson", "ndjson"),
            Self::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        };
        let disposition = format!("attachment; filename=\"{name}.{extension}\"");
        let head = match self {
            Self::Ndjson => String::new(),
            Self::Csv => line(T::COLUMNS.iter().map(|column| Cow::Borrowed(*column))),
        };
        let written = chunks.map_ok(move |rows| rows.iter().map(|row| self.write(row)).collect());
        let written = written.map_err(|failure| {
            warn!("a download ended early: {failure}");
            io::Error::other(failure)
        });
        let body = Body::from_stream(stream::iter([Ok(head)]).chain(written));
        let headers = [
            (header::CONTENT_TYPE, media_type.to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        (headers, body).into_response()
    }

    fn write<T: Row>(self, row: &T) -> String {
        match self {
            Self::Ndjson => {
                let json = serde_json::to_string(row);
                json.expect("answers are plain data") + "\n"
            }
            Self::Csv => {
                let row = serde_json::to_value(row).expect("answers are plain data");
                line(T::COLUMNS.iter().map(|column| cell(&row, column)))
            }
        }
    }
}

/// A line of CSV.
fn line<'a>(cells: impl Iterator<Item = Cow<'a, str>>) -> String {
    let cells: Vec<Cow<'_, str>> = cells.map(quoted).collect();
    cells.join(",") + "\r\n"
}

/// What a column says; empty if there is nothing to say.
fn cell<'a>(row: &'a Value, column: &str) -> Cow<'a, str> {
    let found = column
        .split('.')
        .try_fold(row, |outer, name| outer.get(name));
    match found {
        None | Some(Value::Null) => "".into(),
        Some(Value::String(text)) if text.starts_with(FORMULA_BEGINS) => format!("'{text}").into(),
        Some(Value::String(text)) => text.into(),
        Some(other) => other.to_string().into(),
    }
}

/// Text in quotes, if it would not be one cell without them.
fn quoted(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains([',', '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ') {
        return format!("\"{}\"", text.replace('"', "\"\"")).into();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Sample(Value);

    impl Row for Sample {
        const COLUMNS: &'static [&'static str] = &["text", "outer.inner", "number"];
    }

    #[test]
    fn a_cell_holds_any_text_and_no_formula() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            (" kept ", "\" kept \""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-1", "'-1"),
            ("+1", "'+1"),
            ("\t=1", "'\t=1"),
            ("\n=1", "\"'\n=1\""),
            ("＝1", "'＝1"),
            ("=cmd|' /C calc'!A1,x", "\"'=cmd|' /C calc'!A1,x\""),
        ] {
            let row = Sample(json!({"text": text, "outer": {"inner": {"k": "v"}}, "number": -1}));
            let written = Export::Csv.write(&row);
            assert_eq!(
                written,
                format!("{expected},\"{{\"\"k\"\":\"\"v\"\"}}\",-1\r\n")
            );
        }
        assert_eq!(Export::Csv.write(&Sample(json!({"text": null}))), ",,\r\n");
    }
}
