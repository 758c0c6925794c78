//! Lists in an order that the client chooses: `sort=field`, or `sort=-field` for the largest first.
//!
//! Rows of one value are in the order of their keys. A page goes on after the value and the key of the
//! last row before it, so that a row whose value stays is listed once, whatever comes, goes or changes its
//! place meanwhile. A page costs one look at each row of the list, and sorts its own rows alone.

use std::cmp::Ordering;

use merak_model::Invalid;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::{
    page::{Cursor, Page},
    problem::Problem,
};

/// The fields that the rows of a list can be sorted by.
pub(crate) trait SortField: Copy + PartialEq + 'static {
    type Row;

    /// Each with its name.
    const ALL: &'static [(&'static str, Self)];

    /// What a row is sorted by.
    fn value(self, row: &Self::Row) -> Value;

    /// What sets a row apart from every other, in the order in which the rows of the list are.
    fn key(row: &Self::Row) -> String;
}

/// A field, and in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort<F> {
    pub(crate) field: F,
    is_descending: bool,
}

/// What a row is sorted by; one field has values of one form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Number(i64),
    Text(String),
}

/// The place of a row, as a token says it.
#[derive(Serialize, Deserialize)]
struct Place {
    sort: String,
    value: Value,
    key: String,
}

impl Value {
    pub(crate) fn count(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Text in which numbers are sorted as numbers: `v1.9` before `v1.10`, `10.0.0.9` before `10.0.0.10`.
    pub(crate) fn natural(text: &str) -> Self {
        let mut natural = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some(begin) = rest.find(|letter: char| letter.is_ascii_digit()) {
            natural.push_str(&rest[..begin]);
            let after = rest[begin..].trim_start_matches(|letter: char| letter.is_ascii_digit());
            let digits = &rest[begin..rest.len() - after.len()];
            let digits = digits.trim_start_matches('0');
            // A longer number is a larger one.
            natural.push_str(&format!("{:04}{digits}", digits.len()));
            rest = after;
        }
        natural.push_str(rest);
        Self::Text(natural)
    }
}

impl<F: SortField> Sort<F> {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let (name, is_descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let found = F::ALL.iter().find(|(known, _)| *known == name);
        let field = found.map(|(_, field)| *field);
        let sort = field.map(|field| Self {
            field,
            is_descending,
        });
        sort.ok_or_else(|| {
            let names: Vec<&str> = F::ALL.iter().map(|(name, _)| *name).collect();
            let why = format!(
                "`{text}` is none of {}, nor one of them with `-` before it for the largest first",
                names.join(", ")
            );
            Invalid::refused("sort", why)
        })
    }

    fn name(self) -> String {
        let of_field = F::ALL.iter().find(|(_, field)| *field == self.field);
        let name = of_field.map_or("", |(name, _)| name);
        format!("{}{name}", if self.is_descending { "-" } else { "" })
    }

    fn directed(self, order: Ordering) -> Ordering {
        if self.is_descending {
            order.reverse()
        } else {
            order
        }
    }

    /// The page after the cursor's place of `rows`, which come in the order of their keys.
    pub(crate) fn page<'a, T>(
        self,
        cursor: &Cursor,
        rows: impl Iterator<Item = &'a F::Row>,
        show: impl Fn(&'a F::Row) -> T,
    ) -> Result<Page<T>, Problem> {
        let last = cursor.after.as_deref().map(|token| self.place_of(token));
        let last = last.transpose()?;
        let later = rows.enumerate().filter_map(|(index, row)| {
            let value = self.field.value(row);
            let is_later = last.as_ref().is_none_or(|last| {
                let order = self.directed(value.cmp(&last.value));
                order.then_with(|| F::key(row).cmp(&last.key)).is_gt()
            });
            is_later.then_some((value, index, row))
        });
        let mut found: Vec<(Value, usize, &F::Row)> = later.collect();
        let order = |one: &(Value, usize, _), other: &(Value, usize, _)| {
            self.directed(one.0.cmp(&other.0)).then(one.1.cmp(&other.1))
        };
        if found.len() > cursor.limit() {
            found.select_nth_unstable_by(cursor.limit() - 1, order);
            found.truncate(cursor.limit());
        }
        found.sort_unstable_by(order);
        let token = |(value, _, row): &(Value, usize, &F::Row)| {
            let (sort, value, key) = (self.name(), value.clone(), F::key(row));
            let place = Place { sort, value, key };
            serde_json::to_string(&place).expect("texts and numbers can be written")
        };
        Ok(cursor.page(found, token, |(_, _, row)| show(row)))
    }

    /// All rows, which come in the order of their keys.
    pub(crate) fn sorted(self, rows: Vec<F::Row>) -> Vec<F::Row> {
        let valued = rows.into_iter().map(|row| (self.field.value(&row), row));
        let mut valued: Vec<(Value, F::Row)> = valued.collect();
        valued.sort_by(|(one, _), (other, _)| self.directed(one.cmp(other)));
        valued.into_iter().map(|(_, row)| row).collect()
    }

    fn place_of(self, token: &str) -> Result<Place, Problem> {
        let place = serde_json::from_str(token).ok();
        let of_this_order = place.filter(|place: &Place| place.sort == self.name());
        of_this_order.ok_or_else(|| {
            let refused = "a token of this list in another order";
            Problem::parameter("page_token", refused).hint("begin again without page_token")
        })
    }
}

impl<'de, F: SortField> Deserialize<'de> for Sort<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl<F: SortField> PartialSchema for Sort<F> {
    fn schema() -> RefOr<Schema> {
        let names = F::ALL.iter();
        let both = names.flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")]);
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.enum_values(Some(both.collect::<Vec<_>>())).into()
    }
}

impl<F: SortField> ToSchema for Sort<F> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_text_are_sorted_as_numbers() {
        let sorted = [
            "",
            "10.0.0.9",
            "10.0.0.10",
            "host",
            "v1.9",
            "v1.9-rc1",
            "v1.10",
            "v01.11",
            "v2",
            "va",
        ];
        let values: Vec<Value> = sorted.iter().map(|text| Value::natural(text)).collect();
        assert!(values.is_sorted(), "{values:?}");
    }
}
