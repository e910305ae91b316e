//! What is installed: listing it, finding a command, checking its files. Reads receipts and installed files, nothing else.

use std::path::PathBuf;

use ora_core::{PackageName, RegistryName, nearest};
use ora_install::{
    Receipts,
    findings::{self, Finding},
};
use ora_schema::{
    receipt::{Origin, Reason, Receipt},
    repo::Mode,
};
use serde::Serialize;

use crate::{Context, Error};

/// An installed package, for people and programs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Installed {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The tag at the source.
    pub tag: Option<String>,
    /// For which platform.
    pub platform: String,
    /// The registry it came from.
    pub registry: Option<String>,
    /// `registry:N`, `file:P`, `local:P` or `bundle:P`.
    pub origin: String,
    /// `requested` or `dependency`.
    pub reason: &'static str,
    /// `userland` or `system`.
    pub mode: &'static str,
    /// When, RFC 3339.
    pub installed_at: String,
    /// The artifact's digest.
    pub sha256: Option<String>,
    /// Its commands.
    pub commands: Vec<String>,
    /// Where its files are.
    #[serde(skip)]
    pub directory: String,
    /// What was verified.
    #[serde(skip)]
    pub evidence: Vec<String>,
}

impl Installed {
    /// The view of a receipt.
    pub fn of(receipt: &Receipt) -> Self {
        Self {
            name: receipt.name.to_string(),
            version: receipt.version.to_string(),
            tag: receipt.tag.as_ref().map(ToString::to_string),
            platform: receipt.platform.to_string(),
            registry: registry_of(receipt).map(ToString::to_string),
            origin: receipt.origin.to_string(),
            reason: match receipt.reason {
                Reason::Requested => "requested",
                Reason::Dependency => "dependency",
            },
            mode: receipt.mode.word(),
            installed_at: receipt.installed_at.to_string(),
            sha256: receipt.sha256.map(|digest| digest.to_string()),
            commands: receipt.links.iter().map(|link| link.command.clone()).collect(),
            directory: receipt.install_dir.clone(),
            evidence: receipt.evidence.clone(),
        }
    }
}

/// The registry a package came from.
pub(crate) fn registry_of(receipt: &Receipt) -> Option<&RegistryName> {
    match &receipt.origin {
        Origin::Registry(name) => Some(name),
        Origin::File(_) | Origin::Local(_) | Origin::Bundle(_) => None,
    }
}

/// Every receipt, the user's own before the system's, by name. A damaged one is named to the reporter and left out.
pub(crate) fn receipts(context: &Context<'_>) -> Result<Vec<Receipt>, Error> {
    let mut found = Vec::new();
    for mode in [Mode::Userland, Mode::System] {
        let all = Receipts::new(context.prefix(mode)).all()?;
        for damaged in all.damaged {
            context.reporter.warning(damaged.to_string());
        }
        found.extend(all.receipts);
    }
    Ok(found)
}

/// The receipt of a package, the user's own before the system's.
pub(crate) fn receipt(context: &Context<'_>, name: &PackageName) -> Result<Option<Receipt>, Error> {
    for mode in [Mode::Userland, Mode::System] {
        if let Some(receipt) = Receipts::new(context.prefix(mode)).load(name)? {
            return Ok(Some(receipt));
        }
    }
    Ok(None)
}

/// The receipt of a package that has to be installed; the error names what may have been meant.
pub(crate) fn required(context: &Context<'_>, name: &PackageName) -> Result<Receipt, Error> {
    if let Some(receipt) = receipt(context, name)? {
        return Ok(receipt);
    }
    let all = receipts(context)?;
    let names = nearest(name.as_str(), all.iter().map(|one| one.name.as_str()), 3);
    Err(Error::NotInstalled { name: name.clone(), nearest: names.into_iter().map(ToOwned::to_owned).collect() })
}

/// What is installed, by name.
pub fn list(context: &Context<'_>) -> Result<Vec<Installed>, Error> {
    let mut installed: Vec<Installed> = receipts(context)?.iter().map(Installed::of).collect();
    installed.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| b.mode.cmp(a.mode)));
    Ok(installed)
}

/// Whose a command is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Owner {
    /// The command.
    pub command: String,
    /// The link on PATH.
    pub path: String,
    /// The file it leads to.
    pub target: PathBuf,
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
}

/// Finds the package of a command.
pub fn which(context: &Context<'_>, command: &str) -> Result<Owner, Error> {
    let all = receipts(context)?;
    let links = || all.iter().flat_map(|receipt| receipt.links.iter().map(move |link| (receipt, link)));
    if let Some((receipt, link)) = links().find(|(_, link)| link.command == command) {
        return Ok(Owner {
            command: command.to_owned(),
            path: link.path.clone(),
            target: PathBuf::from(&receipt.install_dir).join(link.target.to_path()),
            package: receipt.name.to_string(),
            version: receipt.version.to_string(),
        });
    }
    let near = nearest(command, links().map(|(_, link)| link.command.as_str()), 3);
    Err(Error::UnknownCommand {
        command: command.to_owned(),
        nearest: near.into_iter().map(ToOwned::to_owned).collect(),
    })
}

/// What a check of installed files found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// How many packages were looked at.
    pub packages: usize,
    /// How many files.
    pub files: usize,
    /// What is not as its receipt says.
    pub findings: Vec<Finding>,
    /// Receipts that cannot be read.
    pub damaged: Vec<String>,
}

/// Compares installed files with their receipts; of every package where none is named.
pub fn verify(context: &Context<'_>, names: &[PackageName]) -> Result<Checked, Error> {
    let mut checked = Checked { packages: 0, files: 0, findings: Vec::new(), damaged: Vec::new() };
    let mut wanted = Vec::new();
    for name in names {
        wanted.push(required(context, name)?);
    }
    if names.is_empty() {
        for mode in [Mode::Userland, Mode::System] {
            let all = Receipts::new(context.prefix(mode)).all()?;
            checked.damaged.extend(all.damaged.iter().map(ToString::to_string));
            wanted.extend(all.receipts);
        }
    }
    for receipt in &wanted {
        checked.packages += 1;
        checked.files += receipt.files.len();
        checked.findings.extend(findings::verify(receipt)?);
    }
    Ok(checked)
}
