//! The small path language in which a definition says where versions are in a JSON document.
//!
//! `$` is the document, `.name` and `['name']` a member, `[n]` an element, `[*]` and `.*` every element or value, and `~`
//! behind `.*` or `[*]` the keys in place of the values. A path ends at text; anything else there is passed over.

use serde_json::Value;

/// Why a text is not a path: what is wrong, and at which byte.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason} at character {at} of `{}`", ora_core::Untrusted(path))]
pub struct JsonPathError {
    /// The path.
    pub path: String,
    /// Where, counted from 1.
    pub at: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// A parsed path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    Member(String),
    Element(usize),
    Every,
    Keys,
}

impl JsonPath {
    /// The texts at the path, in the order of the document.
    pub fn texts<'v>(&self, document: &'v Value) -> Vec<&'v str> {
        let mut texts = Vec::new();
        walk(&self.steps, document, &mut texts);
        texts
    }
}

fn walk<'v>(steps: &[Step], value: &'v Value, texts: &mut Vec<&'v str>) {
    let Some((step, rest)) = steps.split_first() else {
        texts.extend(value.as_str());
        return;
    };
    let below: Vec<&'v Value> = match (step, value) {
        (Step::Member(name), Value::Object(members)) => members.get(name).into_iter().collect(),
        (Step::Element(at), Value::Array(items)) => items.get(*at).into_iter().collect(),
        (Step::Every, Value::Array(items)) => items.iter().collect(),
        (Step::Every, Value::Object(members)) => members.values().collect(),
        (Step::Keys, Value::Object(members)) => {
            // Nothing may follow the keys: they are leaves.
            texts.extend(members.keys().map(String::as_str));
            return;
        }
        _ => return,
    };
    for value in below {
        walk(rest, value, texts);
    }
}

impl std::str::FromStr for JsonPath {
    type Err = JsonPathError;
    fn from_str(text: &str) -> Result<Self, JsonPathError> {
        let mut reader = Reader { text, at: usize::from(text.starts_with('$')) };
        let mut steps = Vec::new();
        if reader.at == 0 {
            // A path may leave out the `$.`, as the first word of `a.b` does.
            match reader.peek() {
                Some('.' | '[') | None => return Err(reader.fail("a path begins with `$`")),
                Some(_) => steps.push(Step::Member(reader.word()?)),
            }
        }
        while let Some(c) = reader.peek() {
            if steps.last() == Some(&Step::Keys) {
                return Err(reader.fail("nothing may follow `~`"));
            }
            reader.at += 1;
            match c {
                '.' if reader.take('*') => steps.push(reader.every()),
                '.' => steps.push(Step::Member(reader.word()?)),
                '[' => steps.push(reader.bracket()?),
                _ => {
                    reader.at -= 1;
                    return Err(reader.fail("`.` or `[` is expected"));
                }
            }
        }
        if steps.len() > 64 {
            return Err(reader.fail("there are more than 64 steps"));
        }
        Ok(Self { steps })
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn fail(&self, reason: &'static str) -> JsonPathError {
        JsonPathError { path: self.text.to_owned(), at: self.text[..self.at].chars().count() + 1, reason }
    }

    fn every(&mut self) -> Step {
        if self.take('~') { Step::Keys } else { Step::Every }
    }

    fn word(&mut self) -> Result<String, JsonPathError> {
        let rest = &self.text[self.at..];
        let length = rest.find(['.', '[', ']', '~', '*', '\'', '"', '(', ')', '?', '@']).unwrap_or(rest.len());
        if length == 0 {
            let reason = if rest.starts_with('.') { "`..` is not known here" } else { "a name is missing" };
            return Err(self.fail(reason));
        }
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    fn bracket(&mut self) -> Result<Step, JsonPathError> {
        let rest = &self.text[self.at..];
        match rest.chars().next() {
            Some('*') => {
                self.at += 1;
                self.close()?;
                Ok(self.every())
            }
            Some(quote @ ('\'' | '"')) => {
                let inner = &rest[1..];
                let length = inner.find(quote).ok_or_else(|| self.fail("the quote is never closed"))?;
                self.at += length + 2;
                self.close()?;
                Ok(Step::Member(inner[..length].to_owned()))
            }
            Some(c) if c.is_ascii_digit() => {
                let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let at = rest[..length].parse().map_err(|_| self.fail("the number is too large"))?;
                self.at += length;
                self.close()?;
                Ok(Step::Element(at))
            }
            Some('?' | '(') => Err(self.fail("filters are not known here")),
            _ => Err(self.fail("`*`, a number or a quoted name is expected")),
        }
    }

    fn close(&mut self) -> Result<(), JsonPathError> {
        if self.take(']') { Ok(()) } else { Err(self.fail("`]` is expected")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn texts(path: &str, document: &Value) -> Vec<String> {
        path.parse::<JsonPath>().unwrap().texts(document).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn every_step_of_the_language() {
        let document = json!({
            "a": {"b": [{"c": "1.0"}, {"c": "2.0", "d": 3}, {"x": "no"}, "text"]},
            "odd.key": "3.0",
            "master": {"version": "4.0"},
            "null": null,
        });
        for (path, expected) in [
            ("$.a.b[*].c", vec!["1.0", "2.0"]),
            ("a.b[*].c", vec!["1.0", "2.0"]),
            ("$.a.b[1].c", vec!["2.0"]),
            ("$['a'][\"b\"][0]['c']", vec!["1.0"]),
            ("$.a.b[3]", vec!["text"]),
            ("$['odd.key']", vec!["3.0"]),
            ("$.*~", vec!["a", "odd.key", "master", "null"]),
            ("$[*]~", vec!["a", "odd.key", "master", "null"]),
            ("$[*].version", vec!["4.0"]),
            ("$.*.version", vec!["4.0"]),
            ("$.a.b[9].c", vec![]),
            ("$.a.b[1].d", vec![]),
            ("$.null.deeper", vec![]),
            ("$", vec![]),
        ] {
            let mut found = texts(path, &document);
            let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{path}");
        }
        assert_eq!(texts("$[*].version", &json!([{"version": "v1"}, {"version": "v2"}])), ["v1", "v2"]);
        assert_eq!(texts("$[*]", &json!(["1", 2, "3"])), ["1", "3"]);
        assert_eq!(texts("$", &json!("1.2")), ["1.2"]);
    }

    #[test]
    fn errors_point_at_the_character() {
        for (path, at, reason) in [
            ("", 1, "a path begins with `$`"),
            (".a", 1, "a path begins with `$`"),
            ("$..a", 3, "`..` is not known here"),
            ("$a", 2, "`.` or `[` is expected"),
            ("$.a[", 5, "`*`, a number or a quoted name is expected"),
            ("$.a[1", 6, "`]` is expected"),
            ("$.a['b]", 5, "the quote is never closed"),
            ("$.a[?(@.b)]", 5, "filters are not known here"),
            ("$.*~.b", 5, "nothing may follow `~`"),
            ("$.a[-1]", 5, "`*`, a number or a quoted name is expected"),
            ("$.a[99999999999999999999999]", 5, "the number is too large"),
            ("$.", 3, "a name is missing"),
            ("$.ä[", 5, "`*`, a number or a quoted name is expected"),
        ] {
            let error = path.parse::<JsonPath>().unwrap_err();
            assert_eq!((error.at, error.reason), (at, reason), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(path in "\\PC{0,40}", path2 in "[$.a*~\\[\\]'0-9]{0,20}") {
            for path in [path, path2] {
                if let Ok(path) = path.parse::<JsonPath>() {
                    path.texts(&json!({"a": [1, {"a": "x"}]}));
                }
            }
        }
    }
}
