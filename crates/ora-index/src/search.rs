//! Words in, packages out.

use std::fmt::Write as _;

use ora_core::{PackageName, RegistryName};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use crate::{
    Index, IndexError,
    packages::{parsed, registry_ids},
};

/// Words beyond these are not looked at: nobody types them, and `SQLite` bounds the expression.
const MOST_WORDS: usize = 64;

/// A package that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its name.
    pub name: PackageName,
    /// In which registry.
    pub registry: RegistryName,
    /// One line about it, or nothing; foreign text.
    pub description: String,
    /// The commands it installs; foreign text.
    pub commands: Vec<String>,
    /// Whether what was typed is its name.
    pub is_exact: bool,
    /// How well it fits, lower is better; comparable within one search only.
    pub rank: f64,
}

impl Index {
    /// Packages of the given registries that hold every word of `query` at the beginning of a word of their name,
    /// description, tags or commands, whatever the case. Those whose name is the query come first, then the best fits;
    /// at most `limit`.
    pub fn search(&self, query: &str, registries: &[RegistryName], limit: usize) -> Result<Vec<Hit>, IndexError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(|connection| {
            let among = registry_ids(connection, registries)?;
            if among.is_empty() {
                return Ok(Vec::new());
            }
            let mut hits = by_name(connection, query.trim(), &among, limit)?;
            if let Some(expression) = expression(query) {
                let mut found = by_words(connection, &expression, &among, limit)?;
                found.retain(|hit| !hits.iter().any(|exact| exact.name == hit.name && exact.registry == hit.registry));
                // Equal ranks would otherwise come in the order in which they were recorded.
                found.sort_by(|a, b| {
                    a.rank
                        .total_cmp(&b.rank)
                        .then_with(|| a.name.cmp(&b.name))
                        .then_with(|| a.registry.cmp(&b.registry))
                });
                hits.append(&mut found);
            }
            hits.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(hits)
        })
    }
}

/// The query as an expression of the full-text engine: every word quoted, so that none of its operators can be typed.
fn expression(query: &str) -> Option<String> {
    let mut out = String::new();
    let words = query.split(|c: char| c.is_whitespace() || c.is_control());
    for word in words.filter(|word| word.contains(char::is_alphanumeric)).take(MOST_WORDS) {
        let _ = write!(out, "\"{}\"* ", word.replace('"', "\"\""));
    }
    (!out.is_empty()).then_some(out)
}

fn by_name(connection: &Connection, name: &str, among: &str, limit: i64) -> rusqlite::Result<Vec<Hit>> {
    let sql = format!(
        "SELECT p.name, r.name, w.description, w.commands, 0.0 FROM packages p
         JOIN registries r ON r.id = p.registry JOIN words w ON w.rowid = p.id
         WHERE p.name = ?1 AND p.registry IN ({among}) ORDER BY p.name COLLATE BINARY, r.name LIMIT ?2"
    );
    collect(connection, &sql, &[&name, &limit], true)
}

fn by_words(connection: &Connection, expression: &str, among: &str, limit: i64) -> rusqlite::Result<Vec<Hit>> {
    // `CROSS JOIN` keeps the full-text table outermost: only so does it hand out rows in order of rank and stop early.
    let sql = format!(
        "SELECT p.name, r.name, w.description, w.commands, w.rank FROM words w
         CROSS JOIN packages p ON p.id = w.rowid CROSS JOIN registries r ON r.id = p.registry
         WHERE words MATCH ?1 AND p.registry IN ({among}) ORDER BY w.rank LIMIT ?2"
    );
    collect(connection, &sql, &[&expression, &limit], false)
}

fn collect(
    connection: &Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
    is_exact: bool,
) -> rusqlite::Result<Vec<Hit>> {
    let mut statement = connection.prepare(sql)?;
    let hit = |row: &Row<'_>| {
        Ok(Hit {
            name: parsed(row, 0)?,
            registry: parsed(row, 1)?,
            description: row.get(2)?,
            commands: row.get_ref(3)?.as_str()?.lines().map(str::to_owned).collect(),
            is_exact,
            rank: row.get(4)?,
        })
    };
    statement.query_map(params_from_iter(parameters), hit)?.collect()
}
