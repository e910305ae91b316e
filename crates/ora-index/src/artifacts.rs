//! What the cache holds.

use ora_core::{PackageName, Platform, RegistryName, Sha256, Timestamp, Version};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use crate::{
    Index, IndexError, Stamp,
    packages::{digest, parsed, stamp},
};

/// What the index repeats of an artifact's sidecar. A hint: the sidecar and the file decide.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Artifact {
    /// The file below the downloads folder, with `/`. Check it before joining it to anything.
    pub file: String,
    /// What it holds.
    pub sha256: Sha256,
    /// Of which package.
    pub name: PackageName,
    /// Which version.
    pub version: Version,
    /// For which platform.
    pub platform: Platform,
    /// From which registry, where it came from one.
    pub registry: Option<RegistryName>,
    /// From which URL, without credentials.
    pub source: Option<String>,
    /// What the file looked like when its bytes were last known to be right; `modified` is 0 where that was not noted, and
    /// the size is always the artifact's.
    pub stamp: Stamp,
    /// Why it is kept, in byte order.
    pub reasons: Vec<String>,
    /// When it was last used.
    pub last_used: Timestamp,
    /// How often it was used since the index was built.
    pub hits: u64,
}

/// From one state of the sidecars to the next: stamps that tell the two apart.
#[derive(Clone, Copy, Debug)]
pub struct Step<'s> {
    /// The stamp before the change; `None` when the sidecars were never read.
    pub before: Option<&'s str>,
    /// The stamp after it. It is noted only where `before` was noted until now.
    pub after: &'s str,
}

/// What the artifacts with the same reasons come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tally {
    /// Why they are kept, in byte order.
    pub reasons: Vec<String>,
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub size: u64,
    /// How often they were used since the index was built.
    pub hits: u64,
}

const COLUMNS: &str =
    "file, sha256, name, version, platform, registry, source, size, modified, inode, reasons, last_used, hits";

impl Index {
    /// The stamp noted when the artifacts were last in step with their sidecars; `None` when they were never read.
    pub fn artifacts_stamp(&self) -> Result<Option<String>, IndexError> {
        self.run(|connection| stamp_of(connection))
    }

    /// Replaces everything known of artifacts by what their sidecars say, unless the stamp is no longer `step.before`: then
    /// another process recorded something meanwhile, which the sidecars read before do not know. Says whether it did.
    pub fn replace_artifacts(&self, artifacts: &[Artifact], step: Step<'_>) -> Result<bool, IndexError> {
        self.write(|transaction| {
            if stamp_of(transaction)?.as_deref() != step.before {
                return Ok(false);
            }
            transaction.execute("DELETE FROM artifacts", [])?;
            artifacts.iter().try_for_each(|artifact| put(transaction, artifact))?;
            note_step(transaction, step)?;
            Ok(true)
        })
    }

    /// Records artifacts, each in place of another of the same file. Of the same bytes as before, the hits are kept, and the
    /// stamp where the new one is not noted.
    pub fn put_artifacts(&self, artifacts: &[Artifact], step: Step<'_>) -> Result<(), IndexError> {
        self.write(|transaction| {
            artifacts.iter().try_for_each(|artifact| put(transaction, artifact))?;
            note_step(transaction, step)
        })
    }

    /// Forgets artifacts.
    pub fn remove_artifacts(&self, files: &[&str], step: Step<'_>) -> Result<(), IndexError> {
        self.write(|transaction| {
            for file in files {
                transaction.execute("DELETE FROM artifacts WHERE file = ?1", [file])?;
            }
            note_step(transaction, step)
        })
    }

    /// Notes that the files changed in a way that concerns no artifact.
    pub fn step_artifacts(&self, step: Step<'_>) -> Result<(), IndexError> {
        self.write(|transaction| note_step(transaction, step))
    }

    /// Notes that an artifact was used.
    pub fn touch_artifact(&self, file: &str, at: Timestamp) -> Result<(), IndexError> {
        self.write(|transaction| {
            let sql = "UPDATE artifacts SET last_used = ?2, hits = hits + 1 WHERE file = ?1";
            transaction.execute(sql, params![file, at.seconds()]).map(|_| ())
        })
    }

    /// The artifact in a file.
    pub fn artifact_of_file(&self, file: &str) -> Result<Option<Artifact>, IndexError> {
        self.run(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM artifacts WHERE file = ?1");
            connection.query_row(&sql, [file], read).optional()
        })
    }

    /// The artifacts with this digest, by file.
    pub fn artifacts_with_digest(&self, sha256: &Sha256) -> Result<Vec<Artifact>, IndexError> {
        self.list("WHERE sha256 = ?1", params![sha256.as_bytes().as_slice()])
    }

    /// The artifacts of a package, by file.
    pub fn artifacts_of_package(&self, name: &PackageName) -> Result<Vec<Artifact>, IndexError> {
        self.list("WHERE name = ?1", params![name.as_str()])
    }

    /// All artifacts, by file.
    pub fn artifacts(&self) -> Result<Vec<Artifact>, IndexError> {
        self.list("", params![])
    }

    /// How many artifacts there are, and their bytes; bytes held under two names count once.
    pub fn artifact_totals(&self) -> Result<(u64, u64), IndexError> {
        self.run(|connection| {
            let sql = "SELECT (SELECT count(*) FROM artifacts),
                              (SELECT coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM artifacts GROUP BY sha256))";
            let (count, bytes): (i64, i64) = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok((count.unsigned_abs(), bytes.unsigned_abs()))
        })
    }

    /// What artifacts come to, for each set of reasons.
    pub fn artifact_tallies(&self) -> Result<Vec<Tally>, IndexError> {
        self.run(|connection| {
            let sql = "SELECT reasons, count(*), sum(size), sum(hits) FROM artifacts GROUP BY reasons ORDER BY reasons";
            let tally = |row: &Row<'_>| {
                let number = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
                Ok(Tally { reasons: reasons(row, 0)?, count: number(1)?, size: number(2)?, hits: number(3)? })
            };
            connection.prepare(sql)?.query_map([], tally)?.collect()
        })
    }

    fn list(&self, condition: &str, parameters: impl rusqlite::Params) -> Result<Vec<Artifact>, IndexError> {
        self.run(|connection| {
            let mut statement =
                connection.prepare(&format!("SELECT {COLUMNS} FROM artifacts {condition} ORDER BY file"))?;
            statement.query_map(parameters, read)?.collect()
        })
    }
}

fn stamp_of(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM state WHERE key = 'artifacts'", [], |row| row.get(0)).optional()
}

/// An index that was not in step before stays out of step: what it misses is found by reading the sidecars.
fn note_step(transaction: &Transaction<'_>, step: Step<'_>) -> rusqlite::Result<()> {
    if stamp_of(transaction)?.as_deref() == step.before {
        transaction.execute("INSERT OR REPLACE INTO state VALUES ('artifacts', ?1)", [step.after])?;
    }
    Ok(())
}

fn put(transaction: &Transaction<'_>, artifact: &Artifact) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO artifacts ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (file) DO UPDATE SET
            modified = iif(excluded.modified = 0 AND sha256 = excluded.sha256, modified, excluded.modified),
            inode = iif(excluded.modified = 0 AND sha256 = excluded.sha256, inode, excluded.inode),
            hits = iif(sha256 = excluded.sha256, max(hits, excluded.hits), excluded.hits),
            sha256 = excluded.sha256, name = excluded.name, version = excluded.version, platform = excluded.platform,
            registry = excluded.registry, source = excluded.source, size = excluded.size, reasons = excluded.reasons,
            last_used = excluded.last_used"
    );
    transaction.execute(
        &sql,
        params![
            artifact.file,
            artifact.sha256.as_bytes().as_slice(),
            artifact.name.as_str(),
            artifact.version.as_str(),
            artifact.platform.to_string(),
            artifact.registry.as_ref().map(RegistryName::as_str),
            artifact.source,
            artifact.stamp.size.cast_signed(),
            artifact.stamp.modified,
            artifact.stamp.inode.cast_signed(),
            artifact.reasons.join(","),
            artifact.last_used.seconds(),
            artifact.hits.cast_signed(),
        ],
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Artifact> {
    let hits: i64 = row.get(12)?;
    Ok(Artifact {
        file: row.get(0)?,
        sha256: digest(row, 1)?,
        name: parsed(row, 2)?,
        version: parsed(row, 3)?,
        platform: parsed(row, 4)?,
        registry: if row.get_ref(5)? == rusqlite::types::ValueRef::Null { None } else { Some(parsed(row, 5)?) },
        source: row.get(6)?,
        stamp: stamp(row, 7)?,
        reasons: reasons(row, 10)?,
        last_used: Timestamp::from_seconds(row.get(11)?),
        hits: hits.unsigned_abs(),
    })
}

fn reasons(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let text = row.get_ref(column)?.as_str()?;
    Ok(text.split(',').filter(|reason| !reason.is_empty()).map(str::to_owned).collect())
}
