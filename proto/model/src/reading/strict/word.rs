//! One of several words: a string, or for a word that has more to say an object of the word and that.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, IntoDeserializer as _, MapAccess,
    VariantAccess, Visitor, value::StrDeserializer,
};

use super::Strict;

/// A visitor of an enum, which takes a string, or an object of one field.
pub(super) struct Word<V> {
    pub(super) words: &'static [&'static str],
    pub(super) visitor: V,
}

/// A word by itself.
struct Alone<'w, E> {
    word: &'w str,
    error: std::marker::PhantomData<E>,
}

/// A word with what it has to say.
struct Member<A> {
    object: A,
    words: &'static [&'static str],
}

/// The list that a word has to say.
struct Items<V> {
    length: usize,
    visitor: V,
}

/// The object that a word has to say.
struct Fields<V> {
    names: &'static [&'static str],
    visitor: V,
}

/// `` `a` or `b` ``, or `` one of `a`, `b`, `c` ``, like serde of a word that it does not know.
struct OneOf(&'static [&'static str]);

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<String> = self.0.iter().map(|word| format!("`{word}`")).collect();
        match &quoted[..] {
            [one, other] => write!(f, "{one} or {other}"),
            [one] => f.write_str(one),
            many => write!(f, "one of {}", many.join(", ")),
        }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Word<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", OneOf(self.words))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<V::Value, E> {
        let error = std::marker::PhantomData;
        self.visitor.visit_enum(Alone { word, error })
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V::Value, A::Error> {
        let words = self.words;
        self.visitor.visit_enum(Member { object, words })
    }
}

impl<'de, E: Error> EnumAccess<'de> for Alone<'_, E> {
    type Error = E;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), E> {
        let word: StrDeserializer<'_, E> = self.word.into_deserializer();
        Ok((seed.deserialize(word)?, self))
    }
}

impl<E: Error> Alone<'_, E> {
    fn without_object<T>(self) -> Result<T, E> {
        let word = self.word;
        let message = format_args!("expected an object with `{word}`, found {word:?}");
        Err(E::custom(message))
    }
}

impl<'de, E: Error> VariantAccess<'de> for Alone<'_, E> {
    type Error = E;

    fn unit_variant(self) -> Result<(), E> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, E> {
        self.without_object()
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, E> {
        self.without_object()
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, E> {
        self.without_object()
    }
}

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Member<A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(
        mut self,
        seed: S,
    ) -> Result<(S::Value, Self), A::Error> {
        let Some(word) = self.object.next_key_seed(seed)? else {
            let words = OneOf(self.words);
            let message = format_args!("expected {words}, found an object without a field");
            return Err(A::Error::custom(message));
        };
        Ok((word, self))
    }
}

impl<'de, A: MapAccess<'de>> Member<A> {
    fn read<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, A::Error> {
        let value = self.object.next_value_seed(Strict(seed))?;
        if self.object.next_key::<IgnoredAny>()?.is_some() {
            let message = "expected an object with one field, found several";
            return Err(A::Error::custom(message));
        }
        Ok(value)
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Member<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        Err(A::Error::custom("expected a string, found an object"))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.read(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.read(Items { length, visitor })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.read(Fields { names, visitor })
    }
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Items<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_tuple(self.length, self.visitor)
    }
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Fields<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_struct("", self.names, self.visitor)
    }
}
