//! `ora install --from-bundle`: the bundle enters the cache, and what is in it is installed from there.

use std::path::Path;

use ora_audit::{Action, Outcome, Record, Supply};
use ora_bundle::{Bundle, BundleError, Home, Importer, Package, Rules};
use ora_core::{PackageArgument, PackageName, Sha256, Version, VersionWish};
use ora_schema::{
    receipt::{Origin, Reason},
    repo::{self, DefinitionText},
};

use super::{open, tried};
use crate::{
    Context, Error, Registries,
    definitions::Chosen,
    export::file_name,
    import::{digest, tell_unsigned},
    install::{self, Carrier, Consent, Done, Planned, Request},
    installed,
    trust::Trusted,
};

/// Which bundle, and what is expected of it.
pub struct Wanted<'w> {
    /// The file.
    pub file: &'w Path,
    /// What is asked for; it has to be what the bundle carries.
    pub packages: &'w [PackageArgument],
    /// The digest the file must have.
    pub sha256: Option<Sha256>,
    /// Packages whose held bytes give way to other ones.
    pub replace: &'w [PackageName],
}

/// Takes a bundle into the cache and installs what is in it; recorded in the audit log either way. Nothing enters of a bundle
/// that would not install.
pub fn install(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    wanted: &Wanted<'_>,
    request: &Request,
    consent: &Consent<'_>,
) -> Result<(Vec<Planned>, Vec<Done>), Error> {
    let trusted = Trusted::read(context)?;
    let taken = take(context, registries, wanted, &trusted);
    record(context, wanted, &taken, &trusted)?;
    let bundle = taken?;
    tell_unsigned(context, wanted.file, bundle.signed());
    let carrier = Carrier { file: file_name(wanted.file), sha256: bundle.sha256(), signer: bundle.signed().signer() };
    let request = Request { carrier: Some(carrier), sha256: None, ..request.clone() };
    let planned =
        planned(context, &bundle, wanted.file, &request).map_err(|error| install::unplanned(context, error))?;
    let done = install::execute(context, &planned, &request, consent)?;
    Ok((planned, done))
}

/// Finds out what installing a bundle would do; nothing of it enters.
pub fn plan(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    wanted: &Wanted<'_>,
    request: &Request,
) -> Result<Vec<Planned>, Error> {
    let bundle = checked(context, registries, wanted, &Trusted::read(context)?)?;
    let request = Request { sha256: None, ..request.clone() };
    tried(context, &bundle, wanted.file, |inside| planned(inside, &bundle, wanted.file, &request))
}

fn take(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    wanted: &Wanted<'_>,
    trusted: &Trusted,
) -> Result<Bundle, Error> {
    let bundle = checked(context, registries, wanted, trusted)?;
    tried(context, &bundle, wanted.file, |_| Ok(()))?;
    let lenient = context.policy.definitions.without_addresses();
    let rules = Rules {
        replace: wanted.replace,
        allow_rollback: false,
        definitions: &lenient,
        trust: &trusted.trust,
        home: &|_| Home::None("a bundle carries no registries".to_owned()),
    };
    let importer = Importer { layout: context.layout, store: context.store, who: context.wish("a bundle"), rules };
    let refused = |source| Error::Bundle { file: wanted.file.to_path_buf(), source };
    importer.import_bundle(&bundle).map_err(refused)?;
    Ok(bundle)
}

/// Reads the bundle and compares it with what is expected of it.
fn checked(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    wanted: &Wanted<'_>,
    trusted: &Trusted,
) -> Result<Bundle, Error> {
    if !context.policy.allow_bundles {
        return Err(Error::BundlesRefused { file: wanted.file.to_path_buf() });
    }
    let refused = |source| Error::Bundle { file: wanted.file.to_path_buf(), source };
    let bundle = open(context, wanted.file, &trusted.trust)?;
    if let Some(expected) = wanted.sha256.filter(|expected| *expected != bundle.sha256()) {
        let file = file_name(wanted.file);
        return Err(refused(BundleError::Checksum { file, expected, actual: bundle.sha256() }));
    }
    in_order(bundle.packages()).map_err(refused)?;
    for argument in wanted.packages {
        let asked = registries.request(argument)?;
        let there = bundle.packages().iter().map(|package| &package.metadata).find(|one| one.name == asked.name);
        let fits = there.is_some_and(|one| match &asked.version {
            VersionWish::Exact(text) => match &one.tag {
                Some(tag) => Version::selects(text, tag, &one.version),
                None => text == one.version.as_str(),
            },
            _ => true,
        });
        if !fits {
            let what = "is not what the bundle carries";
            return Err(refused(BundleError::WrongPackage { file: argument.to_string(), what }));
        }
    }
    for package in bundle.packages() {
        if !package.artifacts.iter().any(|one| one.platform == context.host) {
            return Err(Error::BundlePlatform {
                name: package.metadata.name.clone(),
                platform: context.host,
                there: package.artifacts.iter().map(|one| one.platform).collect(),
            });
        }
    }
    Ok(bundle)
}

fn record(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    taken: &Result<Bundle, Error>,
    trusted: &Trusted,
) -> Result<(), Error> {
    let mut record = match taken {
        Ok(bundle) => {
            let mut record = Record::new(Action::Import, Outcome::Done);
            record.file = Some((file_name(wanted.file), Some(bundle.sha256())));
            let first = &bundle.packages()[0].metadata;
            record.package = Some(first.name.clone());
            record.version = Some(first.version.clone());
            record.source.clone_from(&first.build.source);
            record.signer = bundle.signed().signer();
            let signed = if record.signer.is_some() { "" } else { "; not signed by anyone trusted" };
            record.note = Some(format!("{} packages{signed}", bundle.packages().len()));
            record.waivers.extend(trusted.accepted(context, bundle.signed())?);
            record
        }
        Err(error) => {
            let outcome = Outcome::Failed { kind: error.kind(), message: error.to_string() };
            let mut record = Record::new(Action::Import, outcome);
            record.file = Some((file_name(wanted.file), digest(wanted.file)));
            record
        }
    };
    record.origin = Some(Supply::Bundle);
    record.waivers.extend(wanted.replace.iter().map(|name| format!("--replace {name}")));
    context.log().append(&record, context.clock, context.reporter)?;
    Ok(())
}

/// What is needed comes before what needs it.
fn planned(context: &Context<'_>, bundle: &Bundle, file: &Path, request: &Request) -> Result<Vec<Planned>, Error> {
    let place = std::path::absolute(file).map_err(|source| Error::read(file, source))?;
    let place = place.to_string_lossy().into_owned();
    let mut all = Vec::new();
    let refused = |source| Error::Bundle { file: file.to_path_buf(), source };
    for package in in_order(bundle.packages()).map_err(refused)? {
        let metadata = &package.metadata;
        let is_needed = metadata.name != bundle.packages()[0].metadata.name;
        let before = installed::receipt(context, &metadata.name)?;
        if is_needed && let Some(receipt) = before.as_ref().filter(|receipt| receipt.version == metadata.version) {
            all.push(install::untouched(receipt));
            continue;
        }
        let before = before.filter(|one| request.mode.is_none_or(|mode| one.mode == mode));
        let version = metadata.tag.as_ref().map_or_else(|| metadata.version.to_string(), ToString::to_string);
        let wish = VersionWish::Exact(version);
        let mut one = install::release(context, request, chosen(context, package, &place)?, &wish, before.as_ref())?;
        if is_needed && before.is_none() {
            one.reason = Reason::Dependency;
        }
        all.push(one);
        for needed in &metadata.dependencies {
            let is_inside = bundle.packages().iter().any(|other| other.metadata.name == needed.name);
            if !is_inside && installed::receipt(context, &needed.name)?.is_none() {
                context.reporter.warning(format!(
                    "`{}` needs `{}` {}, which is neither in the bundle nor installed",
                    metadata.name,
                    needed.name,
                    ora_core::Untrusted(&needed.version)
                ));
            }
        }
    }
    Ok(all)
}

/// Each package after those of the bundle that it needs.
fn in_order(packages: &[Package]) -> Result<Vec<&Package>, BundleError> {
    let mut left: Vec<&Package> = packages.iter().collect();
    let mut ordered: Vec<&Package> = Vec::new();
    while !left.is_empty() {
        let waits = |one: &Package| {
            let needs = |name: &PackageName| one.metadata.dependencies.iter().any(|need| need.name == *name);
            left.iter().any(|other| needs(&other.metadata.name))
        };
        let next = left.iter().position(|one| !waits(one)).ok_or_else(|| BundleError::Ambiguous {
            file: left[0].metadata.name.to_string(),
            what: "needs itself, or something that needs it",
        })?;
        ordered.push(left.remove(next));
    }
    Ok(ordered)
}

fn chosen(context: &Context<'_>, package: &Package, place: &str) -> Result<Chosen, Error> {
    let text = package.definition.clone();
    let parsed = repo::parse(&text, &context.policy.definitions.without_addresses())
        .map_err(|_| Error::Internal("a definition that was just used cannot be read"))?;
    let digest = Sha256::of(text.as_bytes());
    Ok(Chosen {
        text: DefinitionText { text, digest, definition: parsed.definition },
        registry: package.metadata.registry.clone(),
        commit: package.metadata.registry_commit.clone(),
        time: None,
        origin: Origin::Bundle(place.to_owned()),
    })
}
