//! From what is in an archive and what is installed to a plan. Writes nothing.

use std::{
    io,
    path::{Path, PathBuf},
};

use ora_archive::{Shape, UnpackOptions, inspect};
use ora_core::{EntryPath, PackageName, Version};
use ora_fs::{FsError, layout::Prefix};
use ora_schema::{
    receipt::{FileKind, InstalledFile, Receipt},
    release::ScriptRule,
};
use ora_verify::Verified;

use crate::{
    error::{InstallError, ReceiptFault, RuleError},
    links::{Ground, Place, PlannedLink},
    plan::{Change, InstallPlan},
    receipts::Receipts,
    rules::{self, Selection, Tree},
    script,
    stage::{Artifact, Request, refused, same_bytes, script_error},
};

/// Plans an install without writing anything or taking a lock, for `--dry-run`. What only the unpacked files could tell
/// (whether a command would start here, the text of a script inside the package) is left out.
pub fn preview(
    receipts: &Receipts,
    request: &Request,
    artifact: &Verified<Artifact>,
    options: &UnpackOptions,
) -> Result<InstallPlan, InstallError> {
    let planner = Planner { receipts, number: 0 };
    let before = planner.before(request)?;
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
    let mut plan = planner.plan(request, artifact, &selection, &unpacked.entries, before.as_ref())?;
    plan.files += selection.copies.len();
    plan.notes.extend(unpacked.notes);
    Ok(plan)
}

/// What a plan is made against.
pub(crate) struct Planner<'a> {
    pub(crate) receipts: &'a Receipts,
    /// Tells this transaction's folder from others where the usual one is taken.
    pub(crate) number: u64,
}

impl Planner<'_> {
    /// The receipt that is there now. With force a damaged one counts as none: it is about to be replaced.
    pub(crate) fn before(&self, request: &Request) -> Result<Option<Receipt>, InstallError> {
        let (name, text) = (&request.name, request.name.as_str());
        let twin = |other: &PackageName| other != name && other.as_str().eq_ignore_ascii_case(text);
        if let Some(other) = self.receipts.names()?.into_iter().find(twin) {
            return Err(InstallError::CaseTwin { package: name.clone(), other });
        }
        match self.receipts.load(name) {
            Err(InstallError::Receipt { source: ReceiptFault::Text(_) | ReceiptFault::NotText, .. })
                if request.force =>
            {
                Ok(None)
            }
            other => other,
        }
    }

    /// The plan for a list of files; `files` counts those that will be copied only if they are in it.
    pub(crate) fn plan(
        &self,
        request: &Request,
        artifact: &Verified<Artifact>,
        selection: &Selection,
        files: &[InstalledFile],
        before: Option<&Receipt>,
    ) -> Result<InstallPlan, InstallError> {
        let directory = self.directory_for(&request.name, &request.version, before)?;
        let (prefix, package) = (self.receipts.prefix(), &request.name);
        let ground = Ground { prefix, package, current: before, force: request.force, path: &request.path };
        let links = ground.plan(&selection.commands, &directory)?;
        let stale = before.into_iter().flat_map(|receipt| &receipt.links).map(|link| PathBuf::from(&link.path));
        let gone = stale.filter(|path| links.iter().all(|link| link.path != *path)).collect();
        let change = match before {
            None => Change::New,
            Some(receipt) if receipt.version == request.version => Change::Again,
            Some(receipt) => Change::Replaces { version: receipt.version.clone(), keeps_it: request.keep },
        };
        let script = match &request.rules.script {
            Some(ScriptRule::Text(text)) => {
                let planned = script::planned_text(text, &request.scripts);
                Some(planned.map_err(|source| script_error(request, source))?)
            }
            Some(ScriptRule::File(_)) | None => None,
        };
        let mut notes = selection.notes.clone();
        notes.extend(remarks(&links, prefix, &request.path));
        let size = files.iter().map(|file| if let FileKind::File { size, .. } = file.kind { size } else { 0 }).sum();
        Ok(InstallPlan {
            package: request.name.clone(),
            version: request.version.clone(),
            platform: request.platform,
            change,
            sha256: artifact.sha256(),
            evidence: artifact.evidence().iter().map(ToString::to_string).collect(),
            directory,
            files: files.len(),
            size,
            links,
            gone,
            script,
            notes,
        })
    }

    /// A folder for a version that nobody has: the usual one, or, where something is there or above it, one with a number.
    fn directory_for(
        &self,
        name: &PackageName,
        version: &Version,
        before: Option<&Receipt>,
    ) -> Result<PathBuf, InstallError> {
        let packages = self.receipts.prefix().packages();
        let usual = self.receipts.prefix().version(name, version);
        let number = format!("~{:08x}", self.number & 0xffff_ffff);
        let mut path = usual.clone();
        // `a` in version `b` and any version of `a/b` would lie in each other; so would a version in what an older Ora
        // unpacked into the package's own folder.
        let is_inside =
            |receipt: &Receipt| usual != Path::new(&receipt.install_dir) && usual.starts_with(&receipt.install_dir);
        let nested = name.as_str().contains('/') && self.receipts.all()?.receipts.iter().any(is_inside);
        if nested || before.is_some_and(is_inside) {
            let flat = format!("{}{number}", name.as_str().replace('/', "~"));
            let flat: EntryPath = flat.parse().map_err(|source| {
                FsError::io("name a folder in", packages, io::Error::new(io::ErrorKind::InvalidInput, source))
            })?;
            path = packages.join(flat.to_path()).join(version.to_component());
        }
        if path.symlink_metadata().is_ok() {
            path = path.with_file_name(format!("{}{number}", version.to_component()));
        }
        Ok(path)
    }
}

/// What is said about links: what they hide, what they replace, and that nobody will find them.
fn remarks(links: &[PlannedLink], prefix: &Prefix, path: &[PathBuf]) -> Vec<String> {
    let mut notes = Vec::new();
    for link in links {
        notes.extend(link.shadows.iter().map(|other| format!("`{}` is also `{}`", link.command, other.display())));
        match &link.place {
            Place::Foreign(target) => {
                notes.push(format!("`{}` replaces a link to `{}`", link.path.display(), target.display()));
            }
            Place::File => notes.push(format!("`{}` replaces a file", link.path.display())),
            Place::Free | Place::Own(_) => {}
        }
    }
    if !links.is_empty() && !path.is_empty() && !path.iter().any(|directory| directory == prefix.bin()) {
        notes.push(format!("`{}` is not on PATH", prefix.bin().display()));
    }
    notes
}
