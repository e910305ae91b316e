#![expect(clippy::disallowed_methods, reason = "tests plant and damage files on purpose")]

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use ora_archive::UnpackOptions;
use ora_audit::{Log, Supply};
use ora_core::{Digest, Event, Kind, PackageName, Sha256, Timestamp};
use ora_fs::layout::Prefix;
use ora_schema::{
    receipt::{Origin, Reason, Receipt},
    release::{CommandRule, Rules, ScriptRule},
    repo::Mode,
};
use ora_verify::{Evidence, Expectation, Measured, Verified};

use crate::{
    Artifact, Change, Choices, Consent, Context, InstallError, Request, ScriptSettings, Session, Staged, Which,
    findings::{self, Problem},
};

mod crashes;
mod install;

/// A switch that leaves both versions.
const KEEP: Choices = Choices { keep: true, force: false };

thread_local! {
    /// Steps that were passed, and where to die.
    static STEPS: RefCell<(Vec<String>, Option<usize>)> = const { RefCell::new((Vec::new(), None)) };
}

/// Called at every step of a transaction.
pub(crate) fn reached(name: &str) {
    let dies = STEPS.with_borrow_mut(|(seen, at)| {
        seen.push(name.to_owned());
        *at == Some(seen.len())
    });
    if dies {
        // Unwinds without the message of a panic: hundreds of deaths are meant.
        std::panic::resume_unwind(Box::new(name.to_owned()));
    }
}

/// Runs something that dies at its n-th step, from 1; says whether it died.
fn dying(at: usize, action: impl FnOnce()) -> bool {
    STEPS.set((vec![], Some(at)));
    let died = catch_unwind(AssertUnwindSafe(action)).is_err();
    STEPS.set((vec![], None));
    died
}

/// A prefix of its own, with its audit log.
struct Bed {
    home: tempfile::TempDir,
    log: Log,
    events: Mutex<Vec<Event>>,
}

impl Bed {
    fn new() -> Self {
        // In memory where there is such a place: a test syncs hundreds of times, and so do others on the same disk.
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let data = home.path().join("data");
        let log = Log::new(data.join("audit.log"), data.join("state"));
        Self { home, log, events: Mutex::default() }
    }

    fn prefix(&self) -> Prefix {
        let (data, home) = (self.home.path().join("data"), self.home.path());
        Prefix::new(data.clone(), data.join("packages"), home.join("bin"), false)
    }

    fn session(&self) -> Session<'_> {
        self.try_session().unwrap()
    }

    fn try_session(&self) -> Result<Session<'_>, InstallError> {
        static NOW: std::sync::LazyLock<Timestamp> =
            std::sync::LazyLock::new(|| Timestamp::from_seconds(1_700_000_000));
        let context = Context {
            audit: Some(&self.log),
            clock: &*NOW,
            reporter: &self.events,
            command: "ora test",
            patience: Duration::from_secs(20),
        };
        Session::begin(self.prefix(), context)
    }

    /// An artifact, verified by its digest.
    fn artifact(&self, name: &str, bytes: &[u8]) -> Verified<Artifact> {
        let path = self.home.path().join(format!("download-{}", Sha256::of(bytes)));
        fs::write(&path, bytes).unwrap();
        let artifact = Artifact { file: fs::File::open(path).unwrap(), name: name.into() };
        let expected =
            Expectation::new(&"tool".parse().unwrap(), "1").claim(Evidence::Pin, Digest::Sha256(Sha256::of(bytes)));
        expected.satisfied_by(&Measured::of(bytes), artifact).unwrap()
    }

    fn stage(&self, session: &Session<'_>, request: Request) -> Result<Staged, InstallError> {
        let artifact = self.artifact("tool.tar", &archive(&request.version.to_string()));
        session.stage(request, &artifact, &UnpackOptions::default())
    }

    fn install(&self, request: Request) -> Result<Receipt, InstallError> {
        self.install_in(&self.session(), request)
    }

    fn install_in(&self, session: &Session<'_>, request: Request) -> Result<Receipt, InstallError> {
        let staged = self.stage(session, request)?;
        let mut committed = session.commit(vec![(staged, withheld())])?;
        match committed.failure {
            Some((_, error)) => Err(error),
            None => Ok(committed.receipts.remove(0)),
        }
    }

    fn bin(&self, command: &str) -> PathBuf {
        self.home.path().join("bin").join(command)
    }

    /// What a command prints when read, which is the version it was packed with.
    fn runs(&self, command: &str) -> Option<String> {
        fs::read_to_string(self.bin(command)).ok().map(|text| text.trim_start_matches("#!/bin/sh\n").to_owned())
    }

    fn current(&self) -> Option<Receipt> {
        crate::Receipts::new(self.prefix()).load(&tool()).unwrap()
    }

    /// Everything an independent eye would check: packages whole, links live, nothing left over, the log unbroken.
    fn check(&self, when: &str) {
        let all = crate::Receipts::new(self.prefix()).all().unwrap();
        assert!(all.damaged.is_empty(), "{when}: {:?}", all.damaged);
        let mut owned = Vec::new();
        for receipt in &all.receipts {
            assert_eq!(findings::verify(receipt).unwrap(), [], "{when}");
            owned.push(PathBuf::from(&receipt.install_dir));
            for kept in crate::Receipts::new(self.prefix()).kept(&receipt.name).unwrap() {
                assert!(!kept.files.is_empty(), "{when}");
                assert!(Path::new(&kept.install_dir).is_dir(), "{when}: kept {}", kept.version);
                owned.push(PathBuf::from(kept.install_dir));
            }
        }
        let links: Vec<PathBuf> = all.receipts.iter().flat_map(|r| &r.links).map(|l| PathBuf::from(&l.path)).collect();
        for path in listed(&self.home.path().join("bin")) {
            assert!(links.contains(&path) || path.ends_with("foreign"), "{when}: {} left over", path.display());
        }
        for package in listed(&self.home.path().join("data/packages")) {
            assert!(!package.file_name().unwrap().to_string_lossy().starts_with('.'), "{when}: {}", package.display());
            for version in listed(&package) {
                assert!(owned.contains(&version), "{when}: {} belongs to nobody", version.display());
            }
        }
        let journals = listed(&self.home.path().join("data/journal"));
        assert!(journals.iter().all(|path| path.ends_with("prefix.lock")), "{when}: {journals:?}");
        assert_eq!(self.log.verify(&[]).unwrap().findings, [], "{when}");
    }
}

fn listed(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return vec![] };
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn tool() -> PackageName {
    "tool".parse().unwrap()
}

fn withheld() -> Consent {
    Consent::Withheld { reason: "nobody was asked".into() }
}

/// A tar archive of a command that holds its version, one more from 2.0 on, a link and a text.
fn archive(version: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let top = format!("tool-{version}");
    let mut file = |path: &str, mode, content: &str| {
        let mut header = tar::Header::new_ustar();
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        builder.append_data(&mut header, format!("{top}/{path}"), content.as_bytes()).unwrap();
    };
    file("tool", 0o755, &format!("#!/bin/sh\n{version}"));
    if version.starts_with('1') {
        file("old", 0o755, &format!("#!/bin/sh\n{version}"));
    } else {
        file("new", 0o755, &format!("#!/bin/sh\n{version}"));
    }
    file("README", 0o644, "read me");
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, format!("{top}/alias"), "tool").unwrap();
    builder.into_inner().unwrap()
}

fn request(version: &str) -> Request {
    let second = if version.starts_with('1') { "*/old" } else { "*/new" };
    let commands = ["*/tool", second].iter().map(|src| CommandRule { link: None, src: (*src).into() }).collect();
    Request {
        name: tool(),
        version: version.parse().unwrap(),
        tag: None,
        platform: "linux-x86_64".parse().unwrap(),
        origin: Origin::File("tool.repo".into()),
        source: Some("https://user:secret@example.org/tool.tar".into()),
        definition: None,
        is_here: true,
        reason: Reason::Requested,
        dependencies: std::collections::BTreeMap::new(),
        mode: Mode::Userland,
        rules: Rules { commands, ..Rules::default() },
        supply: Supply::Cache,
        carrier: None,
        signer: None,
        force: false,
        keep: false,
        path: vec![],
        scripts: ScriptSettings {
            interpreters: vec!["sh".into()],
            timeout: Duration::from_secs(20),
            path: "/usr/bin:/bin".into(),
            home: None,
            config: "/config".into(),
        },
    }
}
