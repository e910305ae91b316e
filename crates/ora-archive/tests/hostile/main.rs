//! One forged archive per attack, and the kind of refusal each one gets.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "what fails here is the test, and it plants links and files"
)]

mod compressed;
mod differential;
mod forge;
mod links;
mod modes;
mod tar_framing;
mod tar_names;
mod zip;

use std::{fs::File, io::Write as _, path::Path};

use ora_archive::{ArchiveError, Limits, UnpackOptions, Unpacked, inspect, unpack};
use ora_core::Kind;
use ora_fs::rooted::Root;
use ora_schema::receipt::FileKind;

/// A staging directory beside things that must not be touched.
struct Bed {
    home: tempfile::TempDir,
    options: UnpackOptions,
}

impl Bed {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let outside = Root::create(&home.path().join("outside"), 0o700).unwrap();
        outside.create_file(&"victim".parse().unwrap(), 0o600).unwrap().write_all(b"untouched").unwrap();
        Self { home, options: UnpackOptions::default() }
    }

    fn with(limits: Limits) -> Self {
        let mut bed = Self::new();
        bed.options.limits = limits;
        bed
    }

    /// Unpacks into a fresh staging directory; inspecting has to come to the same verdict.
    fn unpack(&self, name: &str, bytes: &[u8]) -> Result<Unpacked, ArchiveError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let staging = self.staging();
        Root::remove_tree(&staging).unwrap();
        let root = Root::create(&staging, 0o755).unwrap();
        let unpacked = unpack(&file, name, &self.options, &root);
        let seen = inspect(&file, name, &self.options);
        match (&unpacked, &seen) {
            (Ok(one), Ok(other)) => assert_eq!((one.archive, &one.entries), (other.archive, &other.entries)),
            (Err(one), Err(other)) => assert_eq!(one.kind(), other.kind()),
            (one, other) => panic!("unpacked: {one:?}, inspected: {other:?}"),
        }
        self.assert_outside_untouched();
        unpacked
    }

    fn staging(&self) -> std::path::PathBuf {
        self.home.path().join("staging")
    }

    fn assert_outside_untouched(&self) {
        use std::os::unix::fs::PermissionsExt as _;
        let mut names: Vec<_> = self.home.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["outside", "staging"]);
        let outside = self.home.path().join("outside");
        assert_eq!(outside.read_dir().unwrap().count(), 1);
        assert_eq!(std::fs::read(outside.join("victim")).unwrap(), b"untouched");
        assert_eq!(outside.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }

    fn outside(&self) -> String {
        self.home.path().join("outside").to_str().unwrap().into()
    }
}

/// Asserts that an archive is refused, and why; the message names it and carries no control character.
#[track_caller]
fn refused(name: &str, bytes: &[u8], kind: Kind) {
    refused_in(&Bed::new(), name, bytes, kind);
}

#[track_caller]
fn refused_in(bed: &Bed, name: &str, bytes: &[u8], kind: Kind) {
    let error = bed.unpack(name, bytes).expect_err("this archive has to be refused");
    let text = format!("{error}: {}", error.fault);
    assert_eq!(error.kind(), kind, "{text}");
    assert!(text.contains(name) && !text.chars().any(char::is_control), "{text:?}");
}

/// Unpacks what has to be accepted, and checks that what is listed is what is on the disk, all of it.
#[track_caller]
fn accepted(name: &str, bytes: &[u8]) -> (Bed, Unpacked) {
    let bed = Bed::new();
    let unpacked = bed.unpack(name, bytes).unwrap_or_else(|error| panic!("{error}: {}", error.fault));
    assert_eq!(unpacked.archive, (ora_core::Sha256::of(bytes), bytes.len() as u64));
    assert_is_on_disk(&bed.staging(), &unpacked);
    (bed, unpacked)
}

fn assert_is_on_disk(staging: &Path, unpacked: &Unpacked) {
    use std::os::unix::fs::PermissionsExt as _;
    for entry in &unpacked.entries {
        let path = staging.join(entry.path.to_path());
        let bits = path.symlink_metadata().unwrap().permissions().mode() & 0o7777;
        match &entry.kind {
            FileKind::File { mode, size, sha256 } => {
                let content = std::fs::read(&path).unwrap();
                assert_eq!((bits, content.len() as u64), (*mode, *size), "{}", entry.path);
                assert_eq!(ora_core::Sha256::of(&content), *sha256, "{}", entry.path);
            }
            FileKind::Link { target } => assert_eq!(path.read_link().unwrap().to_str(), Some(target.as_str())),
            FileKind::Directory { mode } => assert_eq!((bits, path.read_dir().unwrap().count()), (*mode, 0)),
        }
    }
    let listed = unpacked.entries.len();
    assert_eq!(leaves(staging), listed, "what is on the disk and not in the list");
}

/// How many files, links and empty directories there are below a directory.
fn leaves(directory: &Path) -> usize {
    let children = directory.read_dir().unwrap().map(|entry| entry.unwrap());
    children.fold(0, |sum, entry| {
        let below = if entry.file_type().unwrap().is_dir() { leaves(&entry.path()) } else { 1 };
        sum + below.max(1)
    })
}

fn content(bed: &Bed, path: &str) -> Vec<u8> {
    let mut content = Vec::new();
    let file = File::open(bed.staging().join(path));
    std::io::Read::read_to_end(&mut file.unwrap(), &mut content).unwrap();
    content
}
