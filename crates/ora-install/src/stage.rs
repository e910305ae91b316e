//! From a verified artifact to a directory beside its place, and a plan.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use ora_archive::{Shape, UnpackOptions, Unpacked, inspect, unpack};
use ora_audit::Supply;
use ora_core::{EntryPath, PackageName, Platform, Sha256, Tag, Version};
use ora_fs::{FsError, rooted::Root};
use ora_schema::{
    receipt::{FileKind, InstalledFile, Origin, Reason, Receipt},
    release::Rules,
    repo::Mode,
};
use ora_verify::{Evidence, Measured, Verified};

use crate::{
    error::{InstallError, ReceiptFault, RuleError},
    links::{Ground, Place},
    plan::{Change, InstallPlan},
    platform,
    rules::{self, Selection, Tree},
    script::{self, ScriptSettings},
    session::Session,
};

/// A file to be unpacked, open, and its name as published.
#[derive(Debug)]
pub struct Artifact {
    /// The file; it is read from its start.
    pub file: File,
    /// Its name.
    pub name: String,
}

/// What is known about an install apart from the bytes.
#[derive(Clone, Debug)]
pub struct Request {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// Its tag.
    pub tag: Option<Tag>,
    /// For which platform.
    pub platform: Platform,
    /// Where the definition came from.
    pub origin: Origin,
    /// The URL of the artifact before redirects.
    pub source: Option<String>,
    /// The digest of the definition.
    pub definition: Option<Sha256>,
    /// Why it is installed.
    pub reason: Reason,
    /// Whose directories.
    pub mode: Mode,
    /// What to do with what was unpacked.
    pub rules: Rules,
    /// Where the bytes came from, for the audit log.
    pub supply: Supply,
    /// The name and digest of the bundle or cache archive they came in.
    pub carrier: Option<(String, Option<Sha256>)>,
    /// Who signed that, or the artifact.
    pub signer: Option<String>,
    /// Take over link names that something else holds, and install again what is installed.
    pub force: bool,
    /// Leave the files of the version before.
    pub keep: bool,
    /// The directories of PATH, for what is said about other programs of the same names.
    pub path: Vec<PathBuf>,
    /// What scripts may use.
    pub scripts: ScriptSettings,
}

/// A package unpacked beside its place, with the plan of what comes next. Dropped, it is gone without a trace.
#[derive(Debug)]
pub struct Staged {
    pub(crate) request: Request,
    pub(crate) plan: InstallPlan,
    pub(crate) staging: PathBuf,
    pub(crate) id: u64,
    pub(crate) files: Vec<InstalledFile>,
    pub(crate) links: Vec<EntryPath>,
    pub(crate) waivers: Vec<String>,
    pub(crate) before: Option<Receipt>,
    /// The receipt of the same version, kept from earlier.
    pub(crate) superseded: Option<Receipt>,
}

impl Staged {
    /// What will be done.
    pub fn plan(&self) -> &InstallPlan {
        &self.plan
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // A simulated crash leaves everything as a real one does.
        if cfg!(test) && std::thread::panicking() {
            return;
        }
        // Once it is in its place nothing is here. What resists is swept by the next start.
        let _left = Root::remove_tree(&self.staging);
    }
}

impl Session<'_> {
    /// Unpacks an artifact beside its place and plans the rest. The bytes are hashed while they are unpacked: what is no
    /// longer what was verified is discarded. May be called from several threads at once.
    pub fn stage(
        &self,
        request: Request,
        artifact: &Verified<Artifact>,
        options: &UnpackOptions,
    ) -> Result<Staged, InstallError> {
        let before = self.before(&request)?;
        let id = self.fresh_id();
        let staging = self.prefix().staging(id);
        let root = Root::create(&staging, 0o755)?;
        let mut guard = Discard(Some(&staging));
        crate::step!("staging-made");
        let unpacked = match unpack(&artifact.value().file, &artifact.value().name, options, &root) {
            Ok(unpacked) => unpacked,
            Err(source) => return Err(refused(&request, artifact, source)),
        };
        same_bytes(&request, artifact, &unpacked)?;
        crate::step!("unpacked");
        for note in &unpacked.notes {
            self.context.reporter.notice(format!("`{}`: {note}", request.name));
        }
        let (mut files, shape) = (unpacked.entries, unpacked.shape);
        let by_content = executables_by_content(&root, &files, shape)?;
        let tree = Tree { entries: &files, shape, executables_by_content: &by_content };
        let selection = rules::apply(&request.rules, &tree, &request.name, request.platform)
            .map_err(|source| InstallError::Rules { package: request.name.clone(), source })?;
        settle(&root, &selection, &mut files)?;
        for command in &selection.commands {
            if let Some(file) = real_file(&files, &command.target) {
                platform::check(&root, &file, (&request.name, &request.version), request.platform)?;
            }
        }
        let mut plan = self.plan(&request, artifact, &selection, &files, before.as_ref())?;
        if let Some(rule) = &request.rules.script {
            let planned =
                script::planned(rule, &root, &request.scripts).map_err(|source| script_error(&request, source))?;
            plan.script = Some(planned);
        }
        let superseded = self.receipts.load_kept(&request.name, &request.version)?;
        let links = selection.commands.iter().map(|command| command.target.clone()).collect();
        let waivers = waivers(artifact);
        guard.0 = None;
        drop(guard);
        Ok(Staged { request, plan, staging, id, files, links, waivers, before, superseded })
    }

    /// Plans an install without writing anything, for `--dry-run`. What only the unpacked files could tell (whether a
    /// command would start here, the text of a script inside the package) is left out.
    pub fn preview(
        &self,
        request: &Request,
        artifact: &Verified<Artifact>,
        options: &UnpackOptions,
    ) -> Result<InstallPlan, InstallError> {
        let before = self.before(request)?;
        let unpacked = inspect(&artifact.value().file, &artifact.value().name, options)
            .map_err(|source| refused(request, artifact, source))?;
        same_bytes(request, artifact, &unpacked)?;
        let tree = Tree { entries: &unpacked.entries, shape: unpacked.shape, executables_by_content: &[] };
        let guessing = unpacked.shape == Shape::Archive && !rules::any_execute_bit(&unpacked.entries);
        let selection = match rules::apply(&request.rules, &tree, &request.name, request.platform) {
            Err(RuleError::Missing { .. } | RuleError::Ambiguous { .. }) if guessing => Selection {
                notes: vec!["the archive has no execute bits; its commands are found when it is unpacked".into()],
                ..Selection::default()
            },
            other => other.map_err(|source| InstallError::Rules { package: request.name.clone(), source })?,
        };
        let mut plan = self.plan(request, artifact, &selection, &unpacked.entries, before.as_ref())?;
        plan.notes.extend(unpacked.notes);
        if let Some(rule @ ora_schema::release::ScriptRule::Text(_)) = &request.rules.script {
            let root = Root::open(self.prefix().packages())?;
            let planned =
                script::planned(rule, &root, &request.scripts).map_err(|source| script_error(request, source))?;
            plan.script = Some(planned);
        }
        Ok(plan)
    }

    /// The receipt that is there now. With force a damaged one counts as none: it is about to be replaced.
    fn before(&self, request: &Request) -> Result<Option<Receipt>, InstallError> {
        let twin =
            |other: &PackageName| *other != request.name && other.as_str().eq_ignore_ascii_case(request.name.as_str());
        if let Some(other) = self.receipts.names()?.into_iter().find(twin) {
            return Err(InstallError::CaseTwin { package: request.name.clone(), other });
        }
        match self.receipts.load(&request.name) {
            Err(InstallError::Receipt { source: ReceiptFault::Text(_) | ReceiptFault::NotText, .. })
                if request.force =>
            {
                Ok(None)
            }
            other => other,
        }
    }

    fn plan(
        &self,
        request: &Request,
        artifact: &Verified<Artifact>,
        selection: &Selection,
        files: &[InstalledFile],
        before: Option<&Receipt>,
    ) -> Result<InstallPlan, InstallError> {
        let directory = self.directory_for(&request.name, &request.version)?;
        let (prefix, package) = (self.prefix(), &request.name);
        let ground = Ground { prefix, package, current: before, force: request.force, path: &request.path };
        let links = ground.plan(&selection.commands, &directory)?;
        let stale = before.into_iter().flat_map(|receipt| &receipt.links).map(|link| PathBuf::from(&link.path));
        let gone = stale.filter(|path| links.iter().all(|link| link.path != *path)).collect();
        let change = match before {
            None => Change::New,
            Some(receipt) if receipt.version == request.version => Change::Again,
            Some(receipt) => Change::Replaces { version: receipt.version.clone(), keeps_it: request.keep },
        };
        let mut notes = selection.notes.clone();
        for link in &links {
            notes.extend(link.shadows.iter().map(|path| format!("`{}` is also `{}`", link.command, path.display())));
            match &link.place {
                Place::Foreign(target) => {
                    notes.push(format!("`{}` replaces a link to `{}`", link.path.display(), target.display()));
                }
                Place::File => notes.push(format!("`{}` replaces a file", link.path.display())),
                Place::Free | Place::Own(_) => {}
            }
        }
        if !links.is_empty() && !request.path.is_empty() && !request.path.iter().any(|path| path == prefix.bin()) {
            notes.push(format!("`{}` is not on PATH", prefix.bin().display()));
        }
        let size = files.iter().map(|file| if let FileKind::File { size, .. } = file.kind { size } else { 0 }).sum();
        Ok(InstallPlan {
            package: request.name.clone(),
            version: request.version.clone(),
            platform: request.platform,
            change,
            sha256: artifact.sha256(),
            evidence: artifact.evidence().iter().map(ToString::to_string).collect(),
            directory,
            files: files.len() + selection.copies.len(),
            size,
            links,
            gone,
            script: None,
            notes,
        })
    }

    /// A folder for a version that nobody has: the usual one, or, where something is there or above it, one with a number.
    fn directory_for(&self, name: &PackageName, version: &Version) -> Result<PathBuf, InstallError> {
        let usual = self.prefix().version(name, version);
        let number = format!("~{:08x}", self.fresh_id() >> 32);
        let mut path = usual.clone();
        if name.as_str().contains('/') {
            // `a` in version `b` and `a/b` in any version would lie in each other.
            let all = self.receipts.all()?.receipts;
            if all.iter().any(|receipt| receipt.name != *name && usual.starts_with(&receipt.install_dir)) {
                let flat: EntryPath =
                    format!("{}{number}", name.as_str().replace('/', "~")).parse().map_err(no_name)?;
                path = self.prefix().packages().join(flat.to_path()).join(version.to_component());
            }
        }
        if path.symlink_metadata().is_ok() {
            let numbered = format!("{}{number}", version.to_component());
            path = path.with_file_name(numbered);
        }
        Ok(path)
    }
}

/// Removes a staging directory unless told otherwise.
struct Discard<'a>(Option<&'a Path>);

impl Drop for Discard<'_> {
    fn drop(&mut self) {
        if cfg!(test) && std::thread::panicking() {
            return;
        }
        if let Some(path) = self.0 {
            // The error that ended the install is the one that counts; the next start sweeps what resists.
            let _left = Root::remove_tree(path);
        }
    }
}

fn no_name(source: ora_core::EntryPathError) -> InstallError {
    FsError::io("name", Path::new("packages"), io::Error::new(io::ErrorKind::InvalidInput, source)).into()
}

pub(crate) fn script_error(request: &Request, source: script::ScriptError) -> InstallError {
    InstallError::Script { package: request.name.clone(), version: request.version.clone(), source }
}

/// A refused archive; where the bytes are not those that were verified, that is the reason and not what they look like.
fn refused(request: &Request, artifact: &Verified<Artifact>, source: ora_archive::ArchiveError) -> InstallError {
    let (package, version) = (request.name.clone(), request.version.clone());
    let mut file = &artifact.value().file;
    let measured = io::Seek::rewind(&mut file).and_then(|()| Measured::of_reader(&mut file, false));
    match measured {
        Ok(measured) if measured.sha256 != artifact.sha256() => {
            InstallError::Swapped { package, version, expected: artifact.sha256(), actual: measured.sha256 }
        }
        // What cannot be read again was refused for that already.
        Ok(_) | Err(_) => InstallError::Archive { package, version, source },
    }
}

fn same_bytes(request: &Request, artifact: &Verified<Artifact>, unpacked: &Unpacked) -> Result<(), InstallError> {
    let (actual, expected) = (unpacked.archive.0, artifact.sha256());
    if actual == expected {
        return Ok(());
    }
    Err(InstallError::Swapped { package: request.name.clone(), version: request.version.clone(), expected, actual })
}

fn waivers(artifact: &Verified<Artifact>) -> Vec<String> {
    let waived = artifact.evidence().iter().filter(|evidence| matches!(evidence, Evidence::Waived(_)));
    waived.map(ToString::to_string).collect()
}

/// Zip archives without modes: what would run is told by content.
fn executables_by_content(root: &Root, files: &[InstalledFile], shape: Shape) -> Result<Vec<EntryPath>, InstallError> {
    let mut found = Vec::new();
    if shape == Shape::Archive && !rules::any_execute_bit(files) {
        for file in files.iter().filter(|file| matches!(file.kind, FileKind::File { .. })) {
            if platform::is_executable(root, &file.path)? {
                found.push(file.path.clone());
            }
        }
    }
    Ok(found)
}

/// Makes commands executable and copies what is to be copied, on the disk and in the list.
fn settle(root: &Root, selection: &Selection, files: &mut Vec<InstalledFile>) -> Result<(), InstallError> {
    for path in &selection.made_executable {
        root.set_mode(path, 0o755)?;
        for file in files.iter_mut().filter(|file| file.path == *path) {
            if let FileKind::File { mode, .. } = &mut file.kind {
                *mode = 0o755;
            }
        }
    }
    for copy in &selection.copies {
        let Some(kind) = files.iter().find(|file| file.path == copy.from).map(|file| file.kind.clone()) else {
            continue;
        };
        let FileKind::File { mode, .. } = kind else { continue };
        let mut from = root.open_file(&copy.from)?;
        let mut to = root.create_file(&copy.to, mode)?;
        let at = root.path().join(copy.to.to_path());
        io::copy(&mut from, &mut to).map_err(|e| FsError::io("write", &at, e))?;
        files.push(InstalledFile { path: copy.to.clone(), kind });
    }
    // A folder that was empty may hold something now.
    let held: std::collections::BTreeSet<EntryPath> = files.iter().filter_map(|file| file.path.parent()).collect();
    files.retain(|file| !(matches!(file.kind, FileKind::Directory { .. }) && held.contains(&file.path)));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(())
}

/// The regular file behind a command.
fn real_file(files: &[InstalledFile], path: &EntryPath) -> Option<EntryPath> {
    let by_path = files.iter().map(|file| (file.path.as_str(), &file.kind)).collect();
    rules::regular(path, &by_path)
}
