//! From a definition, a tag and a platform to a release with every variable filled in. Pure: whatever had to be asked was
//! asked before.

use ora_core::{
    CommitId, Platform, SourceUrl,
    template::{Template, Variable},
};
use ora_schema::{
    release::{CommandRule, Format, Release, Rules, ScriptRule},
    repo::{Definition, PinnedVersion, PostInstall, SourceKind},
};

use crate::{
    Limits, SourceError, asset, list,
    listing::{Asset, Listed, Wanted},
    names::Names,
    page, proof, tags,
    values::Values,
};

/// The releases that a definition means by a listed version, for a platform: the first is to be tried, a second one only
/// where the first one's URL answers 404 or 410.
pub fn evaluate(
    definition: &Definition,
    listed: &Listed,
    platform: Platform,
    limits: &Limits,
) -> Result<Vec<Release>, SourceError> {
    let mut releases: Vec<Release> = Vec::new();
    let mut refused = None;
    for version in tags::spellings(definition, &listed.tag, &listed.version) {
        match release(definition, listed, platform, limits, version, None) {
            Ok(release) if releases.iter().all(|known| known.url != release.url) => releases.push(release),
            Ok(_) => {}
            // With files to choose from, a spelling that finds none was the wrong one.
            Err(error @ SourceError::NoAsset { .. }) => refused = refused.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    match refused {
        Some(error) if releases.is_empty() => Err(error),
        _ => Ok(releases),
    }
}

/// The release that a file held here is, by the rules of its definition. Where the file came from is known, so nothing of the
/// definition has to lead there any more: its host may have moved, its list may be gone.
pub fn evaluate_held(
    definition: &Definition,
    listed: &Listed,
    file: &Asset,
    platform: Platform,
    limits: &Limits,
) -> Result<Release, SourceError> {
    let releases = evaluate(definition, listed, platform, limits);
    let same = releases.into_iter().flatten().find(|release| release.url == file.url && release.asset == file.name);
    if let Some(release) = same {
        return Ok(release);
    }
    let version = tags::spellings(definition, &listed.tag, &listed.version).swap_remove(0);
    release(definition, listed, platform, limits, version, Some(file))
}

fn release(
    definition: &Definition,
    listed: &Listed,
    platform: Platform,
    limits: &Limits,
    version: String,
    held: Option<&Asset>,
) -> Result<Release, SourceError> {
    let names = &Names::of(&definition.platform, platform);
    let values = Values {
        version: Some(version),
        tag: Some(listed.tag.to_string()),
        commit: listed.commit.as_ref().map(CommitId::to_string),
        triple: definition.security.checksum.as_ref().and_then(|sum| names.find_text(&sum.platform_map, platform)),
        ..Values::before_version(definition, names)
    };
    Evaluation { definition, listed, platform, names, limits, held }.release(values)
}

/// Whether a question can be answered only with the source's listing: any for the newest version (unless the definition
/// itself is the list), for an exact one where the URL is read from the listing or `{commit}` is.
pub fn needs_listing(definition: &Definition, wanted: Wanted<'_>, platform: Platform) -> bool {
    match wanted {
        Wanted::Latest | Wanted::Matching(_) => list::has_listing(definition),
        Wanted::Exact(text) => {
            let commit = needs_commit(definition) && definition.source.kind != SourceKind::GithubReleases;
            let pinned = tags::given(definition, text).ok().and_then(|listed| tags::pin_of(definition, &listed));
            let names = Names::of(&definition.platform, platform);
            let fixed = pinned.is_some_and(|pin| names.find(&pin.urls, platform).is_some());
            (commit || (reads_url(definition) && !fixed)) && list::has_listing(definition)
        }
    }
}

/// Whether `{commit}` is used anywhere, so that it has to be known.
pub fn needs_commit(definition: &Definition) -> bool {
    tags::templates(definition).iter().any(|template| template.uses(Variable::Commit))
}

/// Whether download URLs stand in the listing and nowhere else.
pub(crate) fn reads_url(definition: &Definition) -> bool {
    definition.source.url.is_none() && definition.source.urls.is_empty()
}

struct Evaluation<'a> {
    definition: &'a Definition,
    listed: &'a Listed,
    platform: Platform,
    names: &'a Names,
    limits: &'a Limits,
    /// The file that is held, whose origin is then not asked for.
    held: Option<&'a Asset>,
}

impl Evaluation<'_> {
    fn release(&self, mut values: Values<'_>) -> Result<Release, SourceError> {
        let definition = self.definition;
        let pin = tags::pin_of(definition, self.listed);
        let (url, chosen) = match self.held {
            Some(held) => (held.url.clone(), None),
            None => self.download(&values, pin)?,
        };
        let file = self.held.map_or_else(|| url.file_name().unwrap_or_default(), |held| held.name.clone());
        let is_name = file.parse::<ora_core::EntryPath>().is_ok_and(|path| path.depth() == 1 && path.as_str() == file);
        if !is_name {
            return Err(SourceError::FileName {
                package: definition.name.clone(),
                name: file.chars().take(80).collect(),
            });
        }
        let format = self.format(&file)?;
        let rules = self.rules(&values)?;
        values.asset = Some(file.clone());
        values.url = Some(url.to_string());
        let proof = proof::proof(
            definition,
            pin,
            chosen.as_ref(),
            (self.names, self.platform),
            &values,
            &self.limits.template,
        )?;
        Ok(Release {
            name: definition.name.clone(),
            version: self.listed.version.clone(),
            tag: self.listed.tag.clone(),
            platform: self.platform,
            url,
            asset: file,
            format,
            rules,
            proof,
        })
    }

    /// The URL of the download, and the listed file where it was chosen among such.
    fn download(
        &self,
        values: &Values<'_>,
        pin: Option<&PinnedVersion>,
    ) -> Result<(SourceUrl, Option<Asset>), SourceError> {
        let Self { definition, platform, .. } = *self;
        let source = &definition.source;
        let pinned = pin.and_then(|pin| self.names.find(&pin.urls, platform));
        let own = || self.names.find(&source.urls, platform);
        let declared = if source.urls_win { own().or(source.url.as_ref()) } else { source.url.as_ref().or_else(own) };
        if let Some(template) = pinned.or(declared) {
            return Ok((values.url(template, &self.limits.template)?, None));
        }
        let from_list = list::is_page(definition) || list::lists_assets(definition);
        let pins = pin.map(|pin| &pin.urls).filter(|urls| !urls.is_empty() && !from_list);
        if let Some(urls) = Some(&source.urls).filter(|urls| !urls.is_empty()).or(pins) {
            return Err(SourceError::NoPlatform {
                package: definition.name.clone(),
                platform,
                platforms: urls.iter().map(|(key, _)| key.clone()).collect(),
            });
        }
        let chosen = if list::is_page(definition) {
            page::choose(definition, self.listed, platform)?
        } else if list::lists_assets(definition) {
            let pattern = source.asset_pattern.as_ref().map(|template| values.text(template, &self.limits.template));
            let pattern = pattern.transpose()?.map(|text| asset::Pattern::of(definition, text));
            asset::choose(&definition.name, &self.listed.version, platform, &self.listed.assets, pattern.as_ref())?
        } else {
            return Err(SourceError::Incomplete {
                package: definition.name.clone(),
                what: "download URL (`source.download.url`)",
            });
        };
        Ok((chosen.url.clone(), Some(chosen.clone())))
    }

    fn format(&self, file: &str) -> Result<Format, SourceError> {
        const UNKNOWN: [&str; 14] =
            ["7z", "rar", "deb", "rpm", "apk", "pkg", "msi", "dmg", "cab", "lzma", "lz", "lz4", "tar.z", "iso"];
        if self.definition.install.direct_binary == Some(true) {
            return Ok(Format::Raw);
        }
        let format = Format::of_name(file);
        let lower = file.to_ascii_lowercase();
        let ends = |suffix: &&&str| lower.strip_suffix(**suffix).is_some_and(|stem| stem.ends_with('.'));
        match UNKNOWN.iter().find(ends) {
            Some(suffix) if format == Format::Raw => Err(SourceError::Format {
                package: self.definition.name.clone(),
                asset: file.to_owned(),
                format: suffix,
            }),
            _ => Ok(format),
        }
    }

    fn rules(&self, values: &Values<'_>) -> Result<Rules, SourceError> {
        let install = &self.definition.install;
        let text = |template: &Template| values.text(template, &self.limits.template);
        let pair = |(from, to): &(Template, Template)| Ok((text(from)?, text(to)?));
        Ok(Rules {
            // The definition renames by file name, which is known only when the archive is open.
            commands: install
                .binaries
                .iter()
                .map(|template| Ok(CommandRule { link: None, src: text(template)? }))
                .collect::<Result<_, SourceError>>()?,
            rename: install.rename.iter().map(pair).collect::<Result<_, SourceError>>()?,
            files: install.files.iter().map(pair).collect::<Result<_, SourceError>>()?,
            direct_binary: install.direct_binary,
            completions: install.completions.iter().map(text).collect::<Result<_, _>>()?,
            man_pages: install.man_pages.iter().map(text).collect::<Result<_, _>>()?,
            script: match &install.post_install {
                Some(PostInstall::Script(script)) => Some(ScriptRule::Text(script.clone())),
                Some(PostInstall::File(template)) => Some(ScriptRule::File(text(template)?)),
                None => None,
            },
            env: install
                .env
                .iter()
                .map(|(key, template)| Ok((key.clone(), text(template)?)))
                .collect::<Result<_, SourceError>>()?,
            mode: install.mode,
        })
    }
}
