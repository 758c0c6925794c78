//! A rule as it comes in: the model's document, and beside its fields the name.

use std::fmt;

use axum::extract::{FromRequest, Request};
use merak_model::{Invalid, routing};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, IntoDeserializer as _, MapAccess},
    forward_to_deserialize_any,
};

use super::RestRule;
use crate::{
    extract::{not_null, parse_body, read_json},
    problem::Problem,
};

/// A rule as it comes in.
pub(crate) struct RuleBody<R: RestRule> {
    pub(super) name: Option<String>,
    pub(super) spec: R::Spec,
}

#[derive(Deserialize)]
#[serde(rename = "rule")]
struct Named {
    #[serde(default, deserialize_with = "not_null")]
    name: Option<String>,
}

impl<S: Send + Sync, R: RestRule> FromRequest<S> for RuleBody<R> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = read_json(request, state).await?;
        let Named { name } = parse_body(&body)?;
        Ok(Self {
            name,
            spec: parse_spec::<R>(&body)?,
        })
    }
}

fn parse_spec<R: RestRule>(body: &[u8]) -> Result<R::Spec, Invalid> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let document: R::Document = routing::parse(WithoutName(&mut json))?;
    document.try_into()
}

/// An object, as if it had no field `name`.
struct WithoutName<T>(T);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for WithoutName<D> {
    type Error = D::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(WithoutName(visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de, V: de::Visitor<'de>> de::Visitor<'de> for WithoutName<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(WithoutName(map))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutName<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        loop {
            match self.0.next_key::<String>()? {
                None => return Ok(None),
                Some(key) if key == "name" => {
                    self.0.next_value::<IgnoredAny>()?;
                }
                Some(key) => return seed.deserialize(key.into_deserializer()).map(Some),
            }
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use merak_model::routing::{NearbyRule, NearbySpec};

    use super::*;

    fn parse(body: &str) -> Result<NearbySpec, Invalid> {
        parse_spec::<NearbyRule>(body.as_bytes())
    }

    #[test]
    fn the_name_is_left_to_others_and_every_other_field_is_the_models() {
        let spec = parse(r#"{"callee": {"service": "pay"}, "name": "near", "strict": true}"#);
        assert!(spec.unwrap().strict);
        for (body, field) in [
            (r#"{"name": "near"}"#, "callee"),
            (
                r#"{"callee": {"service": "pay", "name": "x"}}"#,
                "callee.name",
            ),
            (r#"{"callee": {"service": "a b"}}"#, "callee.service"),
            (r#"{"names": "near"}"#, "names"),
            ("[]", ""),
        ] {
            assert_eq!(parse(body).unwrap_err().field(), field, "{body}");
        }
    }
}
