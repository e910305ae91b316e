//! Hashes that hold lines together.

use std::collections::{BTreeMap, BTreeSet};

use ora_core::Sha256;
use serde_json::Value;

/// The keys that belong to the chain and not to the record.
const HASH: &str = "hash";
const NUMBER: &str = "number";
const PREVIOUS: &str = "previous";

/// A place in the chain: the number and hash of a record. Number 0 is the beginning, before any record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Link {
    pub(crate) number: u64,
    pub(crate) hash: Sha256,
}

impl Link {
    pub(crate) fn start() -> Self {
        Self { number: 0, hash: Sha256::from_bytes([0; 32]) }
    }
}

/// One line, understood.
pub(crate) struct Line {
    pub(crate) link: Link,
    pub(crate) previous: Sha256,
    pub(crate) fields: BTreeMap<String, Value>,
    /// Whether the hash in it is the hash of it.
    pub(crate) intact: bool,
}

/// What is wrong with a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The record it is about, where it still says which.
    pub number: Option<u64>,
    /// The line in the file, from 1; the line after the last where something is missing at the end.
    pub line: usize,
    /// What is wrong, in a few words.
    pub what: String,
}

/// What became of a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verification {
    /// How many records it has.
    pub records: usize,
    /// What is wrong with it, in the order of its lines.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Whether every record is there as it was written.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Makes the line that follows `after`, with its line end, and its place in the chain.
pub(crate) fn line(mut fields: BTreeMap<String, Value>, after: Link) -> (String, Link) {
    let number = after.number + 1;
    fields.insert(NUMBER.into(), number.into());
    fields.insert(PREVIOUS.into(), after.hash.to_string().into());
    let hash = hash_of(&fields);
    fields.insert(HASH.into(), hash.to_string().into());
    (format!("{}\n", canonical(&fields)), Link { number, hash })
}

/// Understands a line without its line end; `None` for what was never a record.
pub(crate) fn parse(line: &[u8]) -> Option<Line> {
    let mut fields: BTreeMap<String, Value> = serde_json::from_slice(line).ok()?;
    // Written differently is changed too: spaces, doubled keys, other escapes.
    let exact = canonical(&fields).as_bytes() == line;
    let said: Sha256 = fields.remove(HASH)?.as_str()?.parse().ok()?;
    let intact = exact && hash_of(&fields) == said;
    let number = fields.get(NUMBER)?.as_u64()?;
    let previous = fields.get(PREVIOUS)?.as_str()?.parse().ok()?;
    fields.retain(|key, _| key != NUMBER && key != PREVIOUS);
    Some(Line { link: Link { number, hash: said }, previous, fields, intact })
}

/// Checks a whole log. `head` is what the state directory says is the newest record; `known` are hashes of records that
/// must be there because a receipt names them.
pub(crate) fn verify(bytes: &[u8], head: Head, known: &[Sha256]) -> Verification {
    let mut findings = Vec::new();
    let mut records = 0;
    let mut last = Link::start();
    let mut seen: BTreeSet<Sha256> = BTreeSet::new();
    let (complete, torn) = split_torn(bytes);
    let mut at = 0;
    for raw in complete.split_inclusive(|byte| *byte == b'\n') {
        at += 1;
        let mut find = |number, what: &str| findings.push(Finding { number, line: at, what: what.into() });
        let Some(line) = parse(raw.strip_suffix(b"\n").unwrap_or(raw)) else {
            find(None, "it is no record");
            // What follows is measured against its own word: one damage, one finding.
            last = Link { number: last.number + 1, hash: Sha256::of(raw) };
            continue;
        };
        records += 1;
        let number = Some(line.link.number);
        if !line.intact {
            find(number, "it was changed");
        }
        if line.link.number != last.number + 1 {
            find(number, &format!("record {} should be here", last.number + 1));
        } else if line.previous != last.hash {
            find(number, "the record before it was changed or removed");
        }
        seen.insert(line.link.hash);
        last = line.link;
    }
    let mut end = |what: String| findings.push(Finding { number: None, line: at + 1, what });
    match head {
        Head::At(head) if !seen.contains(&head.hash) && head != Link::start() => {
            end(format!("record {}, the newest that is known, is missing", head.number));
        }
        Head::Missing if records > 0 => end("the state directory does not know the newest record".into()),
        Head::Damaged => end("what the state directory knows of the newest record is damaged".into()),
        Head::At(_) | Head::Missing => {}
    }
    for hash in known.iter().filter(|hash| !seen.contains(hash)) {
        end(format!("a record that a receipt names is missing ({hash})"));
    }
    if !torn.is_empty() {
        end(format!("{} bytes of a record that was never finished", torn.len()));
    }
    Verification { records, findings }
}

/// What the state directory says about the newest record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Head {
    At(Link),
    Missing,
    Damaged,
}

/// Divides a log into its complete lines and the beginning of one that was interrupted.
pub(crate) fn split_torn(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1))
}

fn hash_of(fields: &BTreeMap<String, Value>) -> Sha256 {
    Sha256::of(canonical(fields).as_bytes())
}

/// One way to write it: keys in byte order, no spaces, the escapes of RFC 8785, everything that moves a cursor escaped.
fn canonical(fields: &BTreeMap<String, Value>) -> String {
    let members: Vec<String> =
        fields.iter().map(|(key, value)| format!("{}:{}", quoted(key), written(value))).collect();
    format!("{{{}}}", members.join(","))
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let members: Vec<String> = sorted.iter().map(|(k, v)| format!("{}:{}", quoted(k), written(v))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A JSON string; beyond what JSON asks for, hidden characters are written as `\u` escapes, so that a pager shows them.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if ora_core::Untrusted(c.encode_utf8(&mut [0; 4])).is_suspicious() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str("\\u");
                    out.extend(
                        (0..4).rev().filter_map(|place| char::from_digit(u32::from(*unit) >> (4 * place) & 15, 16)),
                    );
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
