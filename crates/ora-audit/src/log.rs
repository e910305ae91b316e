//! The file.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use ora_core::{Clock, Reporter, Sha256, Timestamp};
use ora_fs::{
    FsError, atomic,
    lock::{Lock, PATIENCE, Wish},
    private,
};
use serde_json::Value;

use crate::{
    AuditError, Record, Verification,
    chain::{self, Head, Line, Link},
};

/// The largest log that is read as a whole, in bytes.
const LIMIT: u64 = 1 << 30;

/// The audit log of one data directory.
#[derive(Clone, Debug)]
pub struct Log {
    file: PathBuf,
    state: PathBuf,
    sockets_denied: Option<bool>,
    may_fail: bool,
}

/// One record as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number, from 1.
    pub number: u64,
    /// Its hash.
    pub hash: Sha256,
    /// The hash of the record before.
    pub previous: Sha256,
    /// When, where it says so.
    pub time: Option<Timestamp>,
    /// Every other field, those of a newer Ora included.
    pub fields: BTreeMap<String, Value>,
}

impl Log {
    /// The log at `file`, anchored in the directory `state`. Nothing is opened yet.
    pub fn new(file: PathBuf, state: PathBuf) -> Self {
        Self { file, state, sockets_denied: None, may_fail: false }
    }

    /// The same for a run without a network: every record says whether the kernel refuses it sockets.
    #[must_use]
    pub fn saying(self, sockets_denied: Option<bool>) -> Self {
        Self { sockets_denied, ..self }
    }

    /// The same where somebody who may has said that a record may be missing: one that cannot be written is a warning then.
    #[must_use]
    pub fn allowed_to_fail(self, may_fail: bool) -> Self {
        Self { may_fail, ..self }
    }

    /// The log of a layout.
    pub fn of(layout: &ora_fs::layout::Layout) -> Self {
        Self::new(layout.audit_log(), layout.state())
    }

    /// Writes one record and makes it durable; returns its hash, which receipts keep.
    ///
    /// The half of a record that a crash left is dropped and said in the new one. Where the end of the log is gone that the
    /// state directory knows, the new record follows the known one, so that the gap stays visible for ever.
    ///
    /// Where a record may be missing and cannot be written, the answer is a hash of nothing but zeros.
    pub fn append(&self, record: &Record, clock: &dyn Clock, reporter: &dyn Reporter) -> Result<Sha256, AuditError> {
        match self.try_append(record, clock, reporter) {
            Err(error) if self.may_fail => {
                reporter.warning(format!("this is not recorded: {error}"));
                Ok(Link::start().hash)
            }
            other => other,
        }
    }

    fn try_append(&self, record: &Record, clock: &dyn Clock, reporter: &dyn Reporter) -> Result<Sha256, AuditError> {
        private::create_dir(&self.state)?;
        private::create_dir(self.file.parent().unwrap_or(Path::new(".")))?;
        let command = format!("ora ({})", record.action.word());
        let wish = Wish { what: "the audit log", command: &command, clock, patience: PATIENCE, reporter };
        let _held = Lock::exclusive(&self.state.join("audit.lock"), &wish)?;
        let mut file = atomic::open_append(&self.file)?;
        let tail = self.repair(&mut file)?;
        let mut fields = record.fields();
        if let Some(denied) = self.sockets_denied {
            fields.insert("sockets_denied".into(), denied.into());
        }
        let now = clock.now();
        fields.insert("time".into(), now.to_string().into());
        if tail.torn > 0 {
            fields.insert("torn".into(), tail.torn.into());
        }
        if tail.time.is_some_and(|before| now < before) {
            fields.insert("clock".into(), "behind".into());
        }
        let (text, link) = chain::line(fields, self.after(tail.link)?);
        ora_fs::crash_point!("audit-before-append");
        file.write_all(text.as_bytes()).map_err(|e| self.io(e))?;
        file.sync_data().map_err(|e| self.io(e))?;
        ora_fs::crash_point!("audit-appended");
        let head = format!("{{\"hash\":\"{}\",\"number\":{}}}\n", link.hash, link.number);
        atomic::write(&self.head(), head.as_bytes(), atomic::Mode::Private)?;
        Ok(link.hash)
    }

    /// Every record that can be read, oldest first.
    pub fn read(&self) -> Result<Vec<Entry>, AuditError> {
        let bytes = self.bytes()?;
        let (complete, _) = chain::split_torn(&bytes);
        Ok(complete.split(|byte| *byte == b'\n').filter_map(chain::parse).map(entry).collect())
    }

    /// The lines as they are written, from the first one on that is not older than `since`: for whoever keeps a copy. Each
    /// still holds its own hash, so that the copy can be checked.
    pub fn copy(&self, since: Option<Timestamp>) -> Result<Vec<u8>, AuditError> {
        let bytes = self.bytes()?;
        let Some(since) = since else { return Ok(bytes) };
        let mut start = 0;
        for raw in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = chain::parse(raw.strip_suffix(b"\n").unwrap_or(raw));
            if line.as_ref().and_then(time_of).is_some_and(|time| time >= since) {
                break;
            }
            start += raw.len();
        }
        Ok(bytes[start..].to_vec())
    }

    /// Checks every line against its own hash, the line before and the state directory. `known` are hashes that receipts
    /// name and that therefore have to be there.
    pub fn verify(&self, known: &[Sha256]) -> Result<Verification, AuditError> {
        Ok(chain::verify(&self.bytes()?, self.known_head()?, known))
    }

    /// The hash of the newest record, where the state directory knows it.
    pub fn newest(&self) -> Result<Option<Sha256>, AuditError> {
        Ok(match self.known_head()? {
            Head::At(link) => Some(link.hash),
            Head::Missing | Head::Damaged => None,
        })
    }

    fn head(&self) -> PathBuf {
        self.state.join("audit-head.json")
    }

    fn known_head(&self) -> Result<Head, AuditError> {
        let Some(bytes) = atomic::read(&self.head(), 4096)? else { return Ok(Head::Missing) };
        let parsed = serde_json::from_slice::<Value>(&bytes).ok().and_then(|value| {
            let hash = value.get("hash")?.as_str()?.parse().ok()?;
            Some(Link { number: value.get("number")?.as_u64()?, hash })
        });
        Ok(parsed.map_or(Head::Damaged, Head::At))
    }

    /// What the next record follows: the end of the log, or what the state directory knows beyond it.
    fn after(&self, last: Option<Link>) -> Result<Link, AuditError> {
        Ok(match (last, self.known_head()?) {
            (Some(last), Head::At(known)) if last.number < known.number => known,
            (Some(last), _) => last,
            (None, Head::At(known)) => known,
            (None, Head::Missing | Head::Damaged) => Link::start(),
        })
    }

    /// Reads the end of the log and cuts off the half of a line that a crash left.
    fn repair(&self, file: &mut File) -> Result<Tail, AuditError> {
        let length = file.metadata().map_err(|e| self.io(e))?.len();
        let mut window: u64 = 16 << 10;
        loop {
            let start = length.saturating_sub(window);
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(start)).map_err(|e| self.io(e))?;
            file.take(length - start).read_to_end(&mut bytes).map_err(|e| self.io(e))?;
            let (complete, torn) = chain::split_torn(&bytes);
            let last = complete.strip_suffix(b"\n");
            let begin = last.and_then(|l| l.iter().rposition(|byte| *byte == b'\n')).map(|at| at + 1);
            if begin.is_none() && start > 0 {
                window *= 4;
                continue;
            }
            let torn = torn.len() as u64;
            if torn > 0 {
                file.set_len(length - torn).map_err(|e| self.io(e))?;
            }
            let line = last.and_then(|l| chain::parse(&l[begin.unwrap_or(0)..]));
            let time = line.as_ref().and_then(time_of);
            return Ok(Tail { link: line.map(|line| line.link), time, torn });
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, AuditError> {
        match atomic::read(&self.file, LIMIT) {
            Ok(bytes) => Ok(bytes.unwrap_or_default()),
            Err(FsError::TooLarge { path, limit }) => Err(AuditError::TooLarge { path, limit }),
            Err(error) => Err(error.into()),
        }
    }

    fn io(&self, source: std::io::Error) -> AuditError {
        AuditError::Io { path: self.file.clone(), source }
    }
}

/// The end of a log.
struct Tail {
    /// The last record, where there is one that can be read.
    link: Option<Link>,
    time: Option<Timestamp>,
    /// Bytes of an interrupted record that were cut off.
    torn: u64,
}

fn time_of(line: &Line) -> Option<Timestamp> {
    line.fields.get("time")?.as_str()?.parse().ok()
}

fn entry(mut line: Line) -> Entry {
    let time = time_of(&line);
    if time.is_some() {
        line.fields.remove("time");
    }
    let Link { number, hash } = line.link;
    Entry { number, hash, previous: line.previous, time, fields: line.fields }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

    use ora_core::{Kind, Silent};

    use super::*;
    use crate::{Action, Outcome};

    struct Bed {
        _home: tempfile::TempDir,
        log: Log,
    }

    impl Bed {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let log = Log::new(home.path().join("audit.log"), home.path().join("state"));
            Self { _home: home, log }
        }

        fn append(&self, second: i64) -> Sha256 {
            let mut record = Record::new(Action::Install, Outcome::Done);
            record.package = Some("kubectl".parse().unwrap());
            self.log.append(&record, &Timestamp::from_seconds(second), &Silent).unwrap()
        }

        fn bytes(&self) -> Vec<u8> {
            std::fs::read(&self.log.file).unwrap()
        }

        fn findings(&self) -> Vec<String> {
            self.log.verify(&[]).unwrap().findings.into_iter().map(|f| format!("{}: {}", f.line, f.what)).collect()
        }
    }

    #[test]
    fn one_line_for_each_record_whatever_the_text_and_no_secret_in_it() {
        let bed = Bed::new();
        let mut record = Record::new(
            Action::Install,
            Outcome::Failed { kind: Kind::Checksum, message: "bad\n{\"number\":9}\u{1b}[2J\u{202e}".into() },
        );
        record.source = Some("https://user:hunter2@example.org/x?token=hunter2".into());
        record.file = Some(("/home/alice/b.tar.gz".into(), None));
        bed.log.append(&record, &Timestamp::default(), &Silent).unwrap();
        let text = String::from_utf8(bed.bytes()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains("hunter2") && !text.contains("alice"), "{text}");
        assert!(!ora_core::Untrusted(text.trim_end()).is_suspicious(), "{text}");
        let entry = &bed.log.read().unwrap()[0];
        assert_eq!(entry.fields["message"], "bad\n{\"number\":9}\u{1b}[2J\u{202e}");
        assert_eq!((entry.number, entry.time), (1, Some(Timestamp::default())));
        assert!(bed.findings().is_empty());
    }

    #[test]
    fn a_line_cut_at_any_byte_is_dropped_and_the_chain_goes_on() {
        let bed = Bed::new();
        bed.append(1);
        let first = bed.bytes().len();
        bed.append(2);
        let whole = bed.bytes();
        let head = std::fs::read(bed.log.head()).unwrap();
        for cut in first + 1..whole.len() {
            std::fs::write(&bed.log.file, &whole[..cut]).unwrap();
            // The head is written after the line is durable, so it cannot know the torn one.
            std::fs::write(
                bed.log.head(),
                format!("{{\"hash\":\"{}\",\"number\":1}}", bed.log.read().unwrap()[0].hash),
            )
            .unwrap();
            assert_eq!(bed.findings().len(), 1);
            bed.append(3);
            assert_eq!(bed.findings(), Vec::<String>::new(), "cut at {cut}");
            assert_eq!(bed.log.read().unwrap()[1].fields["torn"], cut - first);
        }
        std::fs::write(bed.log.head(), head).unwrap();
    }

    #[test]
    fn a_crash_before_the_head_was_written_is_no_damage() {
        let bed = Bed::new();
        bed.append(1);
        let head = std::fs::read(bed.log.head()).unwrap();
        bed.append(2);
        std::fs::write(bed.log.head(), head).unwrap();
        assert!(bed.findings().is_empty());
        bed.append(3);
        assert!(bed.findings().is_empty());
        assert_eq!(bed.log.read().unwrap().len(), 3);
    }

    #[test]
    fn every_change_is_named_by_its_line() {
        let bed = Bed::new();
        let hashes: Vec<Sha256> = (1..=4).map(|n| bed.append(n)).collect();
        let whole = String::from_utf8(bed.bytes()).unwrap();
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        let write = |text: &str| std::fs::write(&bed.log.file, text).unwrap();

        write(&whole.replacen("kubectl", "kubect1", 1));
        assert_eq!(bed.findings(), ["1: it was changed"]);
        write(&whole.replacen("{\"action", "{ \"action", 1));
        assert_eq!(bed.findings(), ["1: it was changed"]);
        write(&[lines[0], lines[2], lines[3]].concat());
        assert_eq!(bed.findings(), ["2: record 2 should be here"]);
        write(&[lines[0], lines[2], lines[1], lines[3]].concat());
        assert_eq!(bed.findings().len(), 3);
        write(&[lines[0], "garbage\n", lines[2], lines[3]].concat());
        assert_eq!(bed.findings()[0], "2: it is no record");
        write(&lines[..3].concat());
        assert_eq!(bed.findings(), ["4: record 4, the newest that is known, is missing"]);
        assert!(bed.log.verify(&hashes[3..]).unwrap().findings.len() == 2);
        // Going on does not hide it.
        bed.append(9);
        assert_eq!(bed.findings(), ["4: record 4 should be here"]);
        write("");
        bed.append(10);
        assert_eq!(bed.findings(), ["1: record 1 should be here"]);
    }

    #[test]
    fn no_change_escapes() {
        let bed = Bed::new();
        (1..=12).for_each(|second| _ = bed.append(second));
        let whole = bed.bytes();
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        // A sequence that looks random and is the same each time.
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        for round in 0..1000 {
            let (a, b) = (next(lines.len()), next(lines.len()));
            let at = next(whole.len());
            let mut changed = lines.clone();
            let bytes: Vec<u8> = match round % 6 {
                0 => {
                    let mut bytes = whole.clone();
                    bytes[at] ^= u8::try_from(1 + next(255)).unwrap();
                    bytes
                }
                1 => {
                    changed.remove(a);
                    changed.concat()
                }
                2 => {
                    changed.swap(a, if a == b { (a + 1) % lines.len() } else { b });
                    changed.concat()
                }
                3 => {
                    changed.insert(b, lines[a]);
                    changed.concat()
                }
                4 => whole[..at].to_vec(),
                _ => [&whole[..at], b"x", &whole[at..]].concat(),
            };
            std::fs::write(&bed.log.file, bytes).unwrap();
            assert!(!bed.findings().is_empty(), "round {round}: {a} {b} {at}");
        }
    }

    #[test]
    fn a_copy_begins_where_it_is_asked_to() {
        let bed = Bed::new();
        (1..=3).for_each(|second| _ = bed.append(second * 100));
        assert_eq!(bed.log.copy(None).unwrap(), bed.bytes());
        let since = |second| bed.log.copy(Some(Timestamp::from_seconds(second))).unwrap();
        assert_eq!(since(200).split_inclusive(|byte| *byte == b'\n').count(), 2);
        assert!(since(301).is_empty());
    }

    #[test]
    fn every_flipped_byte_is_found() {
        let bed = Bed::new();
        bed.append(1);
        bed.append(2);
        let whole = bed.bytes();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&bed.log.file, bytes).unwrap();
            assert!(!bed.findings().is_empty(), "byte {at}");
        }
    }

    #[test]
    fn a_clock_that_went_back_is_noted_and_a_log_that_cannot_be_written_is_an_error() {
        let bed = Bed::new();
        bed.append(1000);
        bed.append(10);
        assert_eq!(bed.log.read().unwrap()[1].fields["clock"], "behind");
        let log = Log::new(bed.log.state.clone(), bed.log.state.join("x"));
        let record = Record::new(Action::Install, Outcome::Done);
        assert!(log.append(&record, &Timestamp::default(), &Silent).is_err());
    }
}
