//! `ora info`: what is known about a package, from registries, receipts and the cache; no network.

use ora_core::PackageArgument;
use ora_schema::repo::PostInstall;
use serde::Serialize;

use crate::{
    Context, Error, Registries, definitions,
    installed::{self, Installed},
};

/// What is known about a package.
#[derive(Clone, Debug, Serialize)]
pub struct Info {
    /// The package.
    pub name: String,
    /// One line about it.
    pub description: Option<String>,
    /// Its web page.
    pub homepage: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The registry whose definition this is.
    pub registry: Option<String>,
    /// The commit of that registry.
    pub registry_commit: Option<String>,
    /// The time of that state of the registry, RFC 3339.
    pub registry_time: Option<String>,
    /// The digest of the definition.
    pub definition: Option<String>,
    /// Where releases come from: `github-releases` and the like.
    pub source: Option<&'static str>,
    /// The repository, where releases come from one.
    pub repository: Option<String>,
    /// What proves a download: `checksum-file`, `inline`, `pin`, `forge` or a kind of signature.
    pub proof: Vec<String>,
    /// System commands it expects and does not find on PATH.
    pub missing_commands: Vec<String>,
    /// Whether it wants to run a script.
    pub script: bool,
    /// The text of that script, or the file of the package that holds it.
    pub script_text: Option<String>,
    /// What is installed of it.
    pub installed: Option<Installed>,
    /// Downloads held here.
    pub held: Vec<HeldView>,
}

/// A download held here.
#[derive(Clone, Debug, Serialize)]
pub struct HeldView {
    /// Its version.
    pub version: String,
    /// For which platform.
    pub platform: String,
    /// Its digest.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// What was verified.
    pub verified: Vec<String>,
    /// Where it came from.
    pub source: Option<String>,
}

/// Says what is known; an error when nothing is.
pub fn info(context: &Context<'_>, registries: &Registries<'_, '_>, argument: &PackageArgument) -> Result<Info, Error> {
    let asked = registries.request(argument)?;
    let receipt = installed::receipt(context, &asked.name)?;
    let held = context.store.releases(&asked.name)?;
    let chosen = match definitions::find(context, registries, &asked.name, asked.registry.as_ref()) {
        Ok(chosen) => Some(chosen),
        Err(Error::UnknownPackage { .. }) if receipt.is_some() || !held.is_empty() => None,
        Err(error) => return Err(error),
    };
    let definition = chosen.as_ref().map(|chosen| &chosen.text.definition);
    Ok(Info {
        name: asked.name.to_string(),
        description: definition.and_then(|one| one.description.clone()),
        homepage: definition.and_then(|one| one.homepage.clone()),
        license: definition.and_then(|one| one.metadata.license.clone()),
        authors: definition.map(|one| one.metadata.authors.clone()).unwrap_or_default(),
        tags: definition.map(|one| one.metadata.tags.clone()).unwrap_or_default(),
        registry: chosen.as_ref().and_then(|one| one.registry.as_ref().map(ToString::to_string)),
        registry_commit: chosen.as_ref().and_then(|one| one.commit.clone()),
        registry_time: chosen.as_ref().and_then(|one| one.time).map(|time| time.to_string()),
        definition: chosen.as_ref().map(|one| one.text.digest.to_string()),
        source: definition.map(|one| source_word(one.source.kind)),
        repository: definition.and_then(|one| one.source.repo.clone()),
        proof: definition.map(proof).unwrap_or_default(),
        missing_commands: definition.map(|one| missing(context, one)).unwrap_or_default(),
        script: definition.is_some_and(|one| one.install.post_install.is_some()),
        script_text: definition.and_then(|one| one.install.post_install.as_ref()).map(|script| match script {
            PostInstall::Script(text) => text.clone(),
            PostInstall::File(file) => file.to_string(),
        }),
        installed: receipt.as_ref().map(Installed::of),
        held: held
            .iter()
            .map(|held| HeldView {
                version: held.sidecar.version.to_string(),
                platform: held.sidecar.platform.to_string(),
                sha256: held.sidecar.sha256.to_string(),
                size: held.sidecar.size,
                verified: held.sidecar.verified.clone(),
                source: held.sidecar.source.clone(),
            })
            .collect(),
    })
}

fn source_word(kind: ora_schema::repo::SourceKind) -> &'static str {
    use ora_schema::repo::SourceKind;
    match kind {
        SourceKind::GithubReleases => "github-releases",
        SourceKind::GitlabReleases => "gitlab-releases",
        SourceKind::CustomApi => "custom-api",
        SourceKind::DirectUrl => "direct-url",
        SourceKind::WebpageScraping => "webpage-scraping",
    }
}

fn proof(definition: &ora_schema::repo::Definition) -> Vec<String> {
    let security = &definition.security;
    let checksum = security.checksum.as_ref();
    let has = [
        (definition.versions.iter().any(|version| !version.checksums.is_empty()), "pin"),
        (checksum.is_some_and(|one| one.hash.is_some() || !one.hashes.is_empty()), "inline"),
        (checksum.is_some_and(|one| one.url.is_some()), "checksum-file"),
        (security.gpg.is_some(), "openpgp"),
        (security.minisign.is_some(), "minisign"),
        (security.cosign.is_some(), "cosign"),
    ];
    has.into_iter().filter(|(there, _)| *there).map(|(_, word)| word.to_owned()).collect()
}

/// The system commands a definition expects and PATH does not have.
fn missing(context: &Context<'_>, definition: &ora_schema::repo::Definition) -> Vec<String> {
    let is_there = |command: &str| context.path.iter().any(|directory| directory.join(command).is_file());
    let is_command = |command: &str| !command.is_empty() && !command.contains('/');
    let wanted = definition.metadata.dependencies.iter().map(|(name, _)| name);
    wanted.filter(|name| is_command(name) && !is_there(name)).cloned().collect()
}
