//! JSON that came on a medium: what two readers could read differently, or what nobody writes, is refused.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::json::DataError;

/// How deep values may be nested.
const DEEPEST: usize = 32;
/// The first number that not every reader can tell from its neighbour.
const LARGEST: u64 = 1 << 53;

/// Which characters texts may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Characters {
    /// No control characters.
    Plain,
    /// Line feeds, carriage returns and tabs as well: a definition is text of several lines.
    Lines,
}

/// Checks a document: no key twice, no fraction, no number from 2^53 on, no control character, not too deep.
pub fn check(what: &'static str, text: &str, characters: Characters) -> Result<(), DataError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let checked = Strict::new(characters).deserialize(&mut reader).and_then(|_| reader.end());
    checked.map_err(|source| DataError::Malformed { what, source })
}

/// Reads any value by the rules of [`check`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strict {
    characters: Characters,
    depth: usize,
}

impl Strict {
    pub(crate) fn new(characters: Characters) -> Self {
        Self { characters, depth: 0 }
    }

    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEEPEST {
            Err(E::custom("it is nested too deep"))
        } else {
            Ok(Self { depth: self.depth + 1, ..self })
        }
    }

    fn text<E: de::Error>(self, text: &str) -> Result<(), E> {
        let is_bad = |c: char| match c {
            '\n' | '\r' | '\t' => self.characters == Characters::Plain,
            other => other.is_control(),
        };
        if text.contains(is_bad) { Err(E::custom("a text has control characters")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, a list or an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        if value < LARGEST { Ok(value.into()) } else { Err(E::custom("a number is too large")) }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() < LARGEST { Ok(value.into()) } else { Err(E::custom("a number is too large")) }
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Value, E> {
        Err(E::custom("a number is no whole number"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        self.text(text)?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.text(&key)?;
            let value = entries.next_value_seed(inner)?;
            if map.insert(key, value).is_some() {
                return Err(de::Error::custom("a key stands there twice"));
            }
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_could_differ_about_is_refused() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        for (text, lines, plain) in [
            (r#"{"a": [1, -2, null, true, "x"]}"#.to_owned(), true, true),
            (r#"{"a": "x\ny\tz"}"#.to_owned(), true, false),
            (r#"{"a": "\u001b[0m"}"#.to_owned(), false, false),
            (r#"{"\u0000": 1}"#.to_owned(), false, false),
            (r#"{"a": "\u0085"}"#.to_owned(), false, false),
            (r#"{"a": 1, "a": 1}"#.to_owned(), false, false),
            (r#"{"a": {"b": 1, "b": 2}}"#.to_owned(), false, false),
            ("1.0".to_owned(), false, false),
            ("9007199254740991".to_owned(), true, true),
            ("9007199254740992".to_owned(), false, false),
            ("-9007199254740992".to_owned(), false, false),
            ("1 1".to_owned(), false, false),
            (deep(DEEPEST), true, true),
            (deep(DEEPEST + 1), false, false),
            (deep(100_000), false, false),
        ] {
            let shown: String = text.chars().take(40).collect();
            assert_eq!(check("text", &text, Characters::Lines).is_ok(), lines, "{shown}");
            assert_eq!(check("text", &text, Characters::Plain).is_ok(), plain, "{shown}");
        }
    }
}
