//! `ora bundle create`: fetches what is not held, tries it out, and writes it into one file.

use std::{path::Path, rc::Rc};

use ora_audit::{Action, Outcome, Record};
use ora_bundle::{BundleError, BundleParcel, Piece, Target};
use ora_core::{PackageArgument, Platform};
use ora_fs::rooted::Root;
use ora_schema::{bundle::Dependency, repo};
use ora_store::Held;
use serde::Serialize;

use crate::{
    Context, Error, Registries,
    download::{self, Downloaded, Platforms},
    export::{carried, file_name},
    key,
    rehearsal::{self, Trial},
};

/// What to put into a bundle.
pub struct Request<'r> {
    /// The package.
    pub package: PackageArgument,
    /// For which platforms; this machine's where none is named.
    pub platforms: Vec<Platform>,
    /// With what it needs, and what that needs.
    pub with_dependencies: bool,
    /// Go on where nothing is published to check a download against.
    pub allow_insecure: bool,
    /// Where to.
    pub output: &'r Path,
    /// Who signs it, if anybody does.
    pub signing: Option<key::Signing<'r>>,
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct Created {
    /// The file.
    pub path: String,
    /// Its digest.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// How many files it holds.
    pub files: u64,
    /// What it holds.
    pub artifacts: Vec<Downloaded>,
    /// Who signed it: `openpgp:FINGERPRINT`, or `gpg:ID` for a key of the user's own gpg.
    pub signer: Option<String>,
    /// What the other side must have beside it.
    pub required: Vec<Required>,
}

/// A package that another one needs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Required {
    /// Its name.
    pub name: String,
    /// The version in the bundle, or which versions will do.
    pub version: String,
}

/// Writes a bundle; recorded in the audit log either way.
pub fn create(context: &Context<'_>, registries: &Registries<'_, '_>, request: &Request<'_>) -> Result<Created, Error> {
    let created = write(context, registries, request);
    let (outcome, sha256) = match &created {
        Ok(created) => (Outcome::Done, created.sha256.parse().ok()),
        Err(error) => (Outcome::Failed { kind: error.kind(), message: error.to_string() }, None),
    };
    let mut record = Record::new(Action::BundleCreate, outcome);
    record.file = Some((file_name(request.output), sha256));
    record.signer = created.as_ref().ok().and_then(|created| created.signer.clone());
    if let Some(first) = created.as_ref().ok().and_then(|created| created.artifacts.first()) {
        record.package = first.name.parse().ok();
        record.version = first.version.parse().ok();
        record.sha256 = first.sha256.parse().ok();
        record.source = Some(first.source.clone());
    }
    context.log().append(&record, context.clock, context.reporter)?;
    created
}

fn write(context: &Context<'_>, registries: &Registries<'_, '_>, request: &Request<'_>) -> Result<Created, Error> {
    let Some(Target::File(path, container)) = Target::of(request.output) else {
        return Err(Error::BundleName { file: request.output.to_path_buf() });
    };
    let signer = request.signing.as_ref().map(|signing| key::signer(context, signing)).transpose()?;
    let platforms = match &request.platforms[..] {
        [] => Platforms::Host,
        these => Platforms::These(these.to_vec()),
    };
    let wanted = download::Request {
        packages: vec![request.package.clone()],
        version: None,
        repo: None,
        lock: None,
        platforms,
        with_dependencies: request.with_dependencies,
        allow_insecure: request.allow_insecure,
    };
    let artifacts = download::download(context, registries, &wanted)?;
    let groups = select(context, &artifacts)?;
    for held in &groups {
        rehearse(context, held, &definition(context, held)?)?;
    }
    let cache = Rc::new(Root::open(context.layout.cache()).map_err(BundleError::from)?);
    let mut parcel = BundleParcel::default();
    let mut required: Vec<Required> = Vec::new();
    // As in any installation, what is known of an artifact may be more now.
    for held in select(context, &artifacts)? {
        let definition = definition(context, &held)?;
        let parsed = repo::parse(&definition, &context.policy.definitions.without_addresses())
            .map_err(|_| Error::Internal("a definition that was just used cannot be read"))?
            .definition;
        let mut dependencies = Vec::new();
        for (name, one) in parsed.dependencies.iter().filter(|(_, one)| !one.optional) {
            let inside = artifacts.iter().find(|there| there.name == name.as_str());
            let version = inside.map_or_else(|| one.requirement.clone(), |there| there.version.clone());
            if inside.is_none() {
                required.push(Required { name: name.to_string(), version: version.clone() });
            }
            dependencies.push(Dependency { name: name.clone(), version });
        }
        let pieces: Vec<Piece> = held.into_iter().map(|held| Piece { sidecar: carried(&held.sidecar), held }).collect();
        parcel.add(&cache, &pieces, &definition, parsed.metadata.license, dependencies)?;
    }
    let sign = signer.as_ref().map(|signer| signer.sign.as_ref());
    let written = parcel.write(&path, container, sign, context.reporter)?;
    Ok(Created {
        path: path.to_string_lossy().into_owned(),
        sha256: written.sha256.to_string(),
        size: written.size,
        files: written.files,
        artifacts,
        signer: signer.map(|signer| signer.name),
        required,
    })
}

/// What was fetched, as it is held: for each package all its platforms, the package of the bundle first.
fn select(context: &Context<'_>, artifacts: &[Downloaded]) -> Result<Vec<Vec<Held>>, Error> {
    let lost = Error::Internal("what was just fetched is not held");
    let mut groups: Vec<Vec<Held>> = Vec::new();
    for one in artifacts {
        let typed = (one.name.parse().ok(), one.platform.parse().ok());
        let (Some(name), Some(platform)) = typed else { return Err(lost) };
        let registry = one.registry.as_ref().and_then(|registry| registry.parse().ok());
        let held = context.store.find_release(&name, &one.version, platform, registry.as_ref())?;
        let Some(held) = held.filter(|held| held.sidecar.sha256.to_string() == one.sha256) else { return Err(lost) };
        let group = groups.iter_mut().find(|group| group.iter().any(|other| other.sidecar.name == name));
        match group {
            None => groups.push(vec![held]),
            Some(group) if group.iter().all(|other| other.sidecar.version == held.sidecar.version) => group.push(held),
            Some(_) => {
                let what = "has no version that is published for all these platforms; name one";
                return Err(BundleError::WrongPackage { file: one.name.clone(), what }.into());
            }
        }
    }
    Ok(groups)
}

/// The definition that travels: the one by which the first artifact was fetched.
fn definition(context: &Context<'_>, held: &[Held]) -> Result<String, Error> {
    let first = held.first().ok_or(Error::Internal("nothing was fetched"))?;
    let kept = first.sidecar.definition.as_ref().map(|kept| kept.text.clone());
    let kept = kept.map_or_else(|| context.store.definition(&first.sidecar.name), |text| Ok(Some(text)))?;
    kept.ok_or_else(|| Error::NothingPublished { name: first.sidecar.name.clone() })
}

fn rehearse(context: &Context<'_>, held: &[Held], definition: &str) -> Result<(), Error> {
    rehearsal::sweep(context.layout)?;
    let mut failures = Vec::new();
    for one in held {
        let sidecar = &one.sidecar;
        let subject = format!("{} {} for {}", sidecar.name, sidecar.version, sidecar.platform);
        context.reporter.report(ora_core::Event::Step { action: "rehearsing", subject: subject.clone() });
        match rehearsal::rehearse(context, one, definition, Trial::AsInstalled) {
            Ok(()) if rehearsal::is_waived(one) => context.reporter.notice(format!(
                "nothing proves what {subject} is: the other side has to install it with `--allow-insecure`"
            )),
            Ok(()) => {}
            Err(error) => failures.push((subject, Box::new(error))),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Error::Rehearsal { failures }) }
}
