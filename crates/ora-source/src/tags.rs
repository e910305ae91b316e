//! Tags, versions, and what `{version}` means in a definition.

use ora_core::{
    Tag, Version,
    template::{Part, Template, Variable},
    version,
};
use ora_schema::repo::{Definition, PinnedVersion};

use crate::{SourceError, listing::Listed};

/// The values of `{version}` to try, first the likeliest: decided once per file and tag, without a network.
///
/// A file that sets `tag_prefix` or uses `{tag}` separates the two, and one that writes the prefix itself directly before
/// `{version}` means the version without it. Otherwise `{version}` was always the tag as it stands; where that leads
/// nowhere (404, 410), the bare version is worth one more question.
pub(crate) fn spellings(definition: &Definition, tag: &Tag, version: &Version) -> Vec<String> {
    let bare = version.as_str().to_owned();
    let Some(prefix) = tag.as_str().strip_suffix(version.as_str()) else { return vec![bare] };
    let templates = templates(definition);
    let separates =
        definition.source.tag_prefix.is_some() || templates.iter().any(|template| template.uses(Variable::Tag));
    if separates || prefix.is_empty() || templates.iter().any(|template| template.writes_prefix(prefix)) {
        return vec![bare];
    }
    vec![tag.as_str().to_owned(), bare]
}

/// Every template that may say something about a release.
pub(crate) fn templates(definition: &Definition) -> Vec<&Template> {
    let Definition { source, install, security, versions, .. } = definition;
    let mut all: Vec<&Template> = source.url.iter().chain(&source.asset_pattern).collect();
    all.extend(source.urls.iter().map(|(_, template)| template));
    all.extend(versions.iter().flat_map(|pin| &pin.urls).map(|(_, template)| template));
    all.extend(install.binaries.iter().chain(&install.completions).chain(&install.man_pages));
    all.extend(install.files.iter().chain(&install.rename).flat_map(|(from, to)| [from, to]));
    if let Some(checksum) = &security.checksum {
        all.extend(checksum.url.iter().chain(&checksum.filename_pattern));
    }
    if let Some(gpg) = &security.gpg {
        all.push(&gpg.signature_url);
        all.extend(&gpg.public_key_url);
    }
    all.extend(security.minisign.iter().filter_map(|minisign| minisign.signature_url.as_ref()));
    if let Some(cosign) = &security.cosign {
        all.extend(cosign.signature_url.iter().chain(&cosign.certificate_url).chain(&cosign.bundle_url));
    }
    all
}

/// The release that a typed version means when no listing is asked: a `[[versions]]` entry, else the text as it stands,
/// with the prefix that the definition writes before its versions.
pub(crate) fn given(definition: &Definition, text: &str) -> Result<Listed, SourceError> {
    let pinned = definition.versions.iter().map(|pin| pin_named(definition, pin)).collect::<Result<Vec<_>, _>>()?;
    if let Some(listed) = pinned.into_iter().find(|listed| Version::selects(text, &listed.tag, &listed.version)) {
        return Ok(listed);
    }
    named(definition, text)
}

/// The releases that the definition names itself.
pub(crate) fn pinned(definition: &Definition) -> Result<Vec<Listed>, SourceError> {
    definition.versions.iter().map(|pin| pin_named(definition, pin)).collect()
}

/// The entry of `[[versions]]` for a release.
pub(crate) fn pin_of<'d>(definition: &'d Definition, listed: &Listed) -> Option<&'d PinnedVersion> {
    definition
        .versions
        .iter()
        .find(|pin| pin.version == listed.version && pin.tag.as_ref().is_none_or(|tag| *tag == listed.tag))
}

fn pin_named(definition: &Definition, pin: &PinnedVersion) -> Result<Listed, SourceError> {
    let listed = match &pin.tag {
        Some(tag) => Listed::bare(tag.clone(), pin.version.clone()),
        None => Listed { version: pin.version.clone(), ..named(definition, pin.version.as_str())? },
    };
    Ok(Listed { yanked: pin.yanked, ..listed })
}

fn named(definition: &Definition, text: &str) -> Result<Listed, SourceError> {
    let refuse = |source| SourceError::Version { package: definition.name.clone(), source };
    let explicit = definition.source.tag_prefix.as_deref();
    let typed: Tag = text.parse().map_err(refuse)?;
    let tag = match explicit {
        Some(prefix) if text.len() > prefix.len() && text.starts_with(prefix) => typed,
        Some(prefix) => format!("{prefix}{text}").parse().map_err(refuse)?,
        None if text.starts_with(|c: char| c.is_ascii_digit()) => match written_prefix(definition) {
            Some(prefix) => {
                let version = text.parse().map_err(refuse)?;
                let tag = format!("{prefix}{text}").parse().map_err(refuse)?;
                return Ok(Listed::bare(tag, version));
            }
            None => typed,
        },
        None => typed,
    };
    match version::split(&tag, explicit) {
        Some((_, version)) => Ok(Listed::bare(tag, version)),
        // Only an unusable version is left: let the version itself say what is wrong with it.
        None => Err(refuse(text.parse::<Version>().err().unwrap_or(ora_core::VersionError {
            what: "version",
            text: text.chars().take(80).collect(),
            reason: "nothing usable is left behind the prefix",
        }))),
    }
}

/// The text that the author writes before `{version}` and that therefore belongs to the tag: the whole segment of a forge's
/// download path, else a `v`.
fn written_prefix(definition: &Definition) -> Option<String> {
    let templates = templates(definition);
    let segment = templates.iter().find_map(|template| {
        template.parts().windows(3).find_map(|parts| match parts {
            [Part::Text(before), Part::Variable(Variable::Version), Part::Text(behind)] if behind.starts_with('/') => {
                let (_, prefix) = before.rsplit_once("/releases/download/")?;
                Some(prefix.replace("%2F", "/").replace("%2f", "/").replace("%40", "@"))
            }
            _ => None,
        })
    });
    match segment {
        Some(prefix) => Some(prefix).filter(|prefix| !prefix.is_empty()),
        None => templates.iter().any(|template| template.writes_prefix("v")).then(|| "v".to_owned()),
    }
}

#[cfg(test)]
#[path = "tags_tests.rs"]
mod tests;
