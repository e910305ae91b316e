//! What the registries hold.

use std::collections::BTreeMap;

use ora_core::{PackageName, RegistryName, Sha256};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::{Index, IndexError, Stamp};

/// What the index repeats of a definition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Package {
    /// Its name.
    pub name: PackageName,
    /// One line about it, or nothing; foreign text.
    pub description: String,
    /// Words to find it by; foreign text.
    pub tags: Vec<String>,
    /// The commands it installs, where the definition tells; foreign text.
    pub commands: Vec<String>,
}

/// A file of a registry as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileEntry {
    /// Below the registry's folder, with `/`.
    pub path: String,
    /// What it looked like.
    pub stamp: Stamp,
    /// What it held.
    pub sha256: Sha256,
    /// The packages in it; empty for a file that could not be read.
    pub packages: Vec<Package>,
    /// Why it could not be read.
    pub problem: Option<String>,
}

impl FileEntry {
    /// A file that holds one package.
    pub fn holding(path: impl Into<String>, stamp: Stamp, sha256: Sha256, package: Package) -> Self {
        Self { path: path.into(), stamp, sha256, packages: vec![package], problem: None }
    }

    /// A file that could not be read.
    pub fn broken(path: impl Into<String>, stamp: Stamp, sha256: Sha256, problem: impl Into<String>) -> Self {
        Self { path: path.into(), stamp, sha256, packages: Vec::new(), problem: Some(problem.into()) }
    }
}

/// What the index remembers of a file, to tell whether it changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownFile {
    /// What it looked like.
    pub stamp: Stamp,
    /// What it held.
    pub sha256: Sha256,
    /// Why it could not be read.
    pub problem: Option<String>,
}

/// Where a package is said to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Located {
    /// The name as the file writes it.
    pub name: PackageName,
    /// In which registry.
    pub registry: RegistryName,
    /// In which file, below the registry's folder, with `/`. A hint: check it before joining it to anything.
    pub path: String,
    /// What the file held.
    pub sha256: Sha256,
}

impl Index {
    /// The stamp of every registry as it was when its files were last read.
    pub fn registry_stamps(&self) -> Result<BTreeMap<RegistryName, String>, IndexError> {
        self.run(|connection| {
            let mut statement = connection.prepare("SELECT name, stamp FROM registries")?;
            let rows = statement.query_map([], |row| Ok((parsed(row, 0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    /// What is remembered of a registry's files, by path.
    pub fn files(&self, registry: &RegistryName) -> Result<BTreeMap<String, KnownFile>, IndexError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT path, size, modified, inode, sha256, problem FROM files
                 WHERE registry = (SELECT id FROM registries WHERE name = ?1)",
            )?;
            let rows = statement.query_map([registry.as_str()], |row| {
                let stamp = stamp(row, 1)?;
                Ok((row.get(0)?, KnownFile { stamp, sha256: digest(row, 4)?, problem: row.get(5)? }))
            })?;
            rows.collect()
        })
    }

    /// Records files that are new or changed, forgets those that are gone, and notes the stamp, as one transaction.
    pub fn update_registry(
        &self,
        registry: &RegistryName,
        stamp: &str,
        changed: &[FileEntry],
        gone: &[String],
    ) -> Result<(), IndexError> {
        self.write(|transaction| {
            let id = registry_id(transaction, registry, stamp)?;
            for path in gone {
                forget(transaction, id, path)?;
            }
            Recorder::new(transaction, id)?.record(changed)
        })
    }

    /// Forgets a registry and everything in it.
    pub fn remove_registry(&self, registry: &RegistryName) -> Result<(), IndexError> {
        self.write(|transaction| {
            let find = "SELECT id FROM registries WHERE name = ?1";
            let id: Option<i64> = transaction.query_row(find, [registry.as_str()], |row| row.get(0)).optional()?;
            let Some(id) = id else { return Ok(()) };
            transaction
                .execute("DELETE FROM words WHERE rowid IN (SELECT id FROM packages WHERE registry = ?1)", [id])?;
            for table in ["packages", "files"] {
                transaction.execute(&format!("DELETE FROM {table} WHERE registry = ?1"), [id])?;
            }
            transaction.execute("DELETE FROM registries WHERE id = ?1", [id])?;
            Ok(())
        })
    }

    /// Every package of this name, whatever the case, by registry and path.
    pub fn locate(&self, name: &str) -> Result<Vec<Located>, IndexError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT p.name, r.name, f.path, f.sha256 FROM packages p
                 JOIN files f ON f.id = p.file JOIN registries r ON r.id = p.registry
                 WHERE p.name = ?1 ORDER BY r.name, f.path, p.name",
            )?;
            let rows = statement.query_map([name], |row| {
                Ok(Located {
                    name: parsed(row, 0)?,
                    registry: parsed(row, 1)?,
                    path: row.get(2)?,
                    sha256: digest(row, 3)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Why a file of a registry could not be read, when it is known and could not.
    pub fn problem(&self, registry: &RegistryName, path: &str) -> Result<Option<String>, IndexError> {
        self.run(|connection| {
            let sql = "SELECT problem FROM files
                       WHERE registry = (SELECT id FROM registries WHERE name = ?1) AND path = ?2";
            let problem = connection.query_row(sql, [registry.as_str(), path], |row| row.get(0)).optional()?;
            Ok(problem.flatten())
        })
    }

    /// The names of all packages of the given registries, each once, in byte order.
    pub fn names(&self, registries: &[RegistryName]) -> Result<Vec<PackageName>, IndexError> {
        self.run(|connection| {
            let among = registry_ids(connection, registries)?;
            let sql =
                format!("SELECT DISTINCT name COLLATE BINARY FROM packages WHERE registry IN ({among}) ORDER BY 1");
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map([], |row| parsed(row, 0))?;
            rows.collect()
        })
    }

    /// How many packages a registry has.
    pub fn count(&self, registry: &RegistryName) -> Result<u64, IndexError> {
        self.run(|connection| {
            let count = "SELECT count(*) FROM packages WHERE registry = (SELECT id FROM registries WHERE name = ?1)";
            let count: i64 = connection.query_row(count, [registry.as_str()], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
    }
}

/// The ids of registries, ready to stand in a list.
pub(crate) fn registry_ids(connection: &Connection, registries: &[RegistryName]) -> rusqlite::Result<String> {
    let mut statement = connection.prepare("SELECT id, name FROM registries")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, parsed(row, 1)?)))?;
    let known: Vec<(i64, RegistryName)> = rows.collect::<rusqlite::Result<_>>()?;
    let asked = known.iter().filter(|(_, name)| registries.contains(name));
    Ok(asked.map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(","))
}

fn registry_id(transaction: &Transaction<'_>, registry: &RegistryName, stamp: &str) -> rusqlite::Result<i64> {
    transaction.query_row(
        "INSERT INTO registries (name, stamp) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET stamp = excluded.stamp RETURNING id",
        [registry.as_str(), stamp],
        |row| row.get(0),
    )
}

fn forget(transaction: &Transaction<'_>, registry: i64, path: &str) -> rusqlite::Result<()> {
    let find = "SELECT id FROM files WHERE registry = ?1 AND path = ?2";
    let file: Option<i64> = transaction.query_row(find, params![registry, path], |row| row.get(0)).optional()?;
    let Some(file) = file else { return Ok(()) };
    transaction.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM packages WHERE file = ?1)", [file])?;
    transaction.execute("DELETE FROM packages WHERE file = ?1", [file])?;
    transaction.execute("DELETE FROM files WHERE id = ?1", [file])?;
    Ok(())
}

/// The three statements of a file, prepared once for thousands of them.
struct Recorder<'t> {
    transaction: &'t Transaction<'t>,
    registry: i64,
    file: rusqlite::Statement<'t>,
    package: rusqlite::Statement<'t>,
    words: rusqlite::Statement<'t>,
}

impl<'t> Recorder<'t> {
    fn new(transaction: &'t Transaction<'t>, registry: i64) -> rusqlite::Result<Self> {
        Ok(Self {
            transaction,
            registry,
            file: transaction.prepare(
                "INSERT INTO files (registry, path, size, modified, inode, sha256, problem)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            package: transaction.prepare("INSERT INTO packages (file, registry, name) VALUES (?1, ?2, ?3)")?,
            words: transaction
                .prepare("INSERT INTO words (rowid, name, description, tags, commands) VALUES (?1, ?2, ?3, ?4, ?5)")?,
        })
    }

    fn record(&mut self, files: &[FileEntry]) -> rusqlite::Result<()> {
        let empty = "SELECT NOT EXISTS (SELECT 1 FROM files WHERE registry = ?1)";
        let is_new: bool = self.transaction.query_row(empty, [self.registry], |row| row.get(0))?;
        for file in files {
            if !is_new {
                forget(self.transaction, self.registry, &file.path)?;
            }
            let Stamp { size, modified, inode } = file.stamp;
            let sha256 = file.sha256.as_bytes().as_slice();
            let (size, inode) = (size.cast_signed(), inode.cast_signed());
            let id =
                self.file.insert(params![self.registry, file.path, size, modified, inode, sha256, file.problem])?;
            for package in &file.packages {
                let row = self.package.insert(params![id, self.registry, package.name.as_str()])?;
                let (tags, commands) = (package.tags.join("\n"), package.commands.join("\n"));
                self.words.execute(params![row, package.name.as_str(), package.description, tags, commands])?;
            }
        }
        Ok(())
    }
}

/// A typed word of a row; a text that is none makes the row damaged.
pub(crate) fn parsed<T>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

pub(crate) fn digest(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Sha256> {
    Ok(Sha256::from_bytes(row.get(column)?))
}

pub(crate) fn stamp(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Stamp> {
    let (size, inode): (i64, i64) = (row.get(first)?, row.get(first + 2)?);
    Ok(Stamp { size: size.cast_unsigned(), modified: row.get(first + 1)?, inode: inode.cast_unsigned() })
}
