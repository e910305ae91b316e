//! From a verified artifact to a directory beside its place, and a plan.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use ora_archive::{Shape, UnpackOptions, Unpacked, unpack};
use ora_audit::Supply;
use ora_core::{EntryPath, PackageName, Platform, Requirement, Sha256, Tag, Version};
use ora_fs::{FsError, rooted::Root};
use ora_schema::{
    receipt::{FileKind, InstalledFile, Origin, Reason, Receipt},
    release::{Rules, ScriptRule},
    repo::Mode,
};
use ora_verify::{Evidence, Measured, Verified};

use crate::{
    error::InstallError,
    plan::InstallPlan,
    planner::Planner,
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
    /// Whether it is to run on this machine; a rehearsal for another one is not.
    pub is_here: bool,
    /// Where the definition came from.
    pub origin: Origin,
    /// The URL of the artifact before redirects.
    pub source: Option<String>,
    /// The digest of the definition.
    pub definition: Option<Sha256>,
    /// Why it is installed.
    pub reason: Reason,
    /// The packages that it needs, and which versions of them.
    pub dependencies: BTreeMap<PackageName, Requirement>,
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
        let id = self.fresh_id();
        let planner = Planner { receipts: &self.receipts, number: id };
        let before = planner.before(&request)?;
        let staging = self.prefix().staging(id);
        let root = Root::create(&staging, 0o755)?;
        let mut guard = Discard(Some(&staging));
        crate::step!("staging-made");
        let (files, selection) = self.fill(&root, &request, artifact, options)?;
        let mut plan = planner.plan(&request, artifact, &selection, &files, before.as_ref())?;
        if let Some(ScriptRule::File(file)) = &request.rules.script {
            let script = script::planned_file(file, &root, &request.scripts);
            plan.script = Some(script.map_err(|source| script_error(&request, source))?);
        }
        let superseded = self.receipts.load_kept(&request.name, &request.version)?;
        let links = selection.commands.iter().map(|command| command.target.clone()).collect();
        let waivers = waivers(artifact);
        guard.0 = None;
        drop(guard);
        Ok(Staged { request, plan, staging, id, files, links, waivers, before, superseded })
    }

    /// Unpacks into an empty directory and applies the rules there.
    fn fill(
        &self,
        root: &Root,
        request: &Request,
        artifact: &Verified<Artifact>,
        options: &UnpackOptions,
    ) -> Result<(Vec<InstalledFile>, Selection), InstallError> {
        let unpacked = unpack(&artifact.value().file, &artifact.value().name, options, root)
            .map_err(|source| refused(request, artifact, source))?;
        same_bytes(request, artifact, &unpacked)?;
        crate::step!("unpacked");
        for note in &unpacked.notes {
            self.context.reporter.notice(format!("`{}`: {note}", request.name));
        }
        let (mut files, shape) = (unpacked.entries, unpacked.shape);
        let by_content = executables_by_content(root, &files, shape)?;
        let tree = Tree { entries: &files, shape, executables_by_content: &by_content };
        let selection = rules::apply(&request.rules, &tree, &request.name, request.platform)
            .map_err(|source| InstallError::Rules { package: request.name.clone(), source })?;
        settle(root, &selection, &mut files)?;
        for command in &selection.commands {
            if let Some(file) = real_file(&files, &command.target) {
                platform::check(root, &file, (&request.name, &request.version), request.platform, request.is_here)?;
            }
        }
        Ok((files, selection))
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

pub(crate) fn script_error(request: &Request, source: script::ScriptError) -> InstallError {
    InstallError::Script { package: request.name.clone(), version: request.version.clone(), source }
}

/// A refused archive; where the bytes are not those that were verified, that is the reason and not what they look like.
pub(crate) fn refused(
    request: &Request,
    artifact: &Verified<Artifact>,
    source: ora_archive::ArchiveError,
) -> InstallError {
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

pub(crate) fn same_bytes(
    request: &Request,
    artifact: &Verified<Artifact>,
    unpacked: &Unpacked,
) -> Result<(), InstallError> {
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
