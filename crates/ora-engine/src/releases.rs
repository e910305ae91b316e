//! Which release is meant: what its source says, or what is held, as far as the run may reach.

use ora_core::{Platform, Reach, Sha256, SourceUrl, VersionWish};
use ora_schema::{release::DigestOrigin, repo};
use ora_source::{Asking, Asset, Found, Listed, SourceError, Wanted};
use ora_store::Held;

use crate::{
    Context, Error,
    definitions::{self, Chosen},
    error::Miss,
    folders::Folders,
    listings::KeptListings,
};

/// What is looked for.
pub(crate) struct Question<'q> {
    /// The version.
    pub(crate) wish: &'q VersionWish,
    /// For which platform.
    pub(crate) platform: Platform,
    /// The digest the user named.
    pub(crate) sha256: Option<Sha256>,
}

/// The release that is meant.
pub(crate) struct Meant {
    /// The definition whose rules it follows: the one it was asked by, or the one it was fetched by where that one cannot be
    /// applied to what is held.
    pub(crate) chosen: Chosen,
    /// What is known of it.
    pub(crate) found: Found,
    /// Whether it was chosen because it is held: then nobody is asked about its bytes either.
    pub(crate) is_held: bool,
}

/// Finds the release.
pub(crate) fn find(context: &Context<'_>, chosen: Chosen, question: &Question<'_>) -> Result<Meant, Error> {
    let wanted = definitions::wanted(question.wish);
    check_age(context, &chosen)?;
    match context.reach {
        Reach::StoreOnly => match held(context, &chosen, wanted, question.platform)? {
            Some(answer) => {
                tell_newest(context, &chosen, wanted, question.platform, &answer.found);
                Ok(answer.with(chosen))
            }
            None => at_hand(context, chosen, wanted, question),
        },
        Reach::StoreFirst(_) => match held(context, &chosen, wanted, question.platform)? {
            Some(answer) => {
                let day = answer.first_seen.day();
                let version = &answer.found.listed.version;
                let name = &chosen.text.definition.name;
                context
                    .reporter
                    .notice(format!("`{name}` {version}, held since {day}; nobody was asked for a newer one"));
                Ok(answer.with(chosen))
            }
            None => ask(context, chosen, wanted, question.platform),
        },
        Reach::RemoteFirst(_) => ask(context, chosen, wanted, question.platform),
    }
}

/// Fails where the state of the definition's registry is older than the configuration allows.
fn check_age(context: &Context<'_>, chosen: &Chosen) -> Result<(), Error> {
    let (Some(limit), Some(registry), Some(time)) = (context.policy.max_registry_age, &chosen.registry, chosen.time)
    else {
        return Ok(());
    };
    let age = context.now().since(time);
    if age <= limit {
        return Ok(());
    }
    Err(Error::Expired { registry: registry.clone(), time, days: age / 86_400, limit: limit / 86_400 })
}

/// Asks the source; where nobody answers, what is held stands in.
fn ask(context: &Context<'_>, chosen: Chosen, wanted: Wanted<'_>, platform: Platform) -> Result<Meant, Error> {
    let listings = KeptListings::new(context);
    let found = source(context, &listings, &chosen, wanted, platform, Asking::Always);
    let is_silent = match &found {
        Ok(_) => listings.is_silent(),
        Err(error) => error.is_out_of_reach(),
    };
    if is_silent && let Some(answer) = held(context, &chosen, wanted, platform)? {
        let (name, version) = (&chosen.text.definition.name, &answer.found.listed.version);
        context
            .reporter
            .notice(format!("the source of `{name}` cannot be reached; going on with {version}, held here"));
        return Ok(answer.with(chosen));
    }
    let found = found?;
    for note in &found.notes {
        context.reporter.notice(note.clone());
    }
    Ok(Meant { chosen, found, is_held: false })
}

fn source(
    context: &Context<'_>,
    listings: &KeptListings<'_, '_>,
    chosen: &Chosen,
    wanted: Wanted<'_>,
    platform: Platform,
    asking: Asking,
) -> Result<Found, SourceError> {
    let asking_with = ora_source::Context { listings, apis: &context.policy.apis, limits: &context.policy.sources };
    ora_source::find(&chosen.text.definition, wanted, platform, asking, &asking_with)
}

/// A held release.
struct Answer {
    found: Found,
    /// The definition it was fetched by, where only that one fits.
    definition: Option<repo::DefinitionText>,
    first_seen: ora_core::Timestamp,
}

impl Answer {
    fn with(self, mut chosen: Chosen) -> Meant {
        if let Some(text) = self.definition {
            chosen.text = text;
        }
        Meant { chosen, found: self.found, is_held: true }
    }
}

/// The wanted release of those whose bytes are held for a platform.
fn held(
    context: &Context<'_>,
    chosen: &Chosen,
    wanted: Wanted<'_>,
    platform: Platform,
) -> Result<Option<Answer>, Error> {
    let definition = &chosen.text.definition;
    let mut all: Vec<(Listed, Held)> = Vec::new();
    for one in context.store.releases(&definition.name)? {
        let sidecar = &one.sidecar;
        if sidecar.platform == platform && sidecar.registry == chosen.registry {
            all.push((listed(&one)?, one));
        }
    }
    // Of two with the same version the one that came last is meant.
    all.sort_by_key(|(_, held)| std::cmp::Reverse(held.sidecar.first_seen));
    let list: Vec<Listed> = all.iter().map(|(listed, _)| listed.clone()).collect();
    let Some(choice) = ora_source::choose_held(definition, &list, wanted)? else { return Ok(None) };
    let fits = |(listed, _): &&(Listed, Held)| listed.tag == choice.tag && listed.version == choice.version;
    let Some((listed, held)) = all.iter().find(fits) else { return Ok(None) };
    let first_seen = held.sidecar.first_seen;
    let limits = &context.policy.sources;
    let (release, text) = match ora_source::evaluate_held(definition, listed, &listed.assets[0], platform, limits) {
        Ok(release) => (release, None),
        Err(error) => {
            let Some((release, text)) = by_its_own_definition(context, chosen, held, listed) else {
                return Err(error.into());
            };
            let (name, version) = (&definition.name, &listed.version);
            context.reporter.notice(format!("`{name}` {version} follows the definition it was fetched by: {error}"));
            (release, Some(text))
        }
    };
    let notes = ora_source::bounds_note(definition, &listed.version).filter(|_| wanted.is_exact());
    let found =
        Found { listed: listed.clone(), releases: vec![release], notes: notes.into_iter().collect(), age: None };
    Ok(Some(Answer { found, definition: text, first_seen }))
}

fn listed(held: &Held) -> Result<Listed, Error> {
    let sidecar = &held.sidecar;
    let tag = match &sidecar.tag {
        Some(tag) => tag.clone(),
        None => sidecar
            .version
            .as_str()
            .parse()
            .map_err(|source| SourceError::Version { package: sidecar.name.clone(), source })?,
    };
    // Where nobody wrote down where it came from, it comes from here.
    let here = || SourceUrl::from_file_path(&held.path);
    let url = sidecar.source.as_deref().and_then(|text| text.parse().ok()).or_else(here);
    let url = url.ok_or(Error::Internal("a cache path is no URL"))?;
    let file = || held.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = sidecar.asset.clone().or_else(|| url.file_name()).unwrap_or_else(file);
    Ok(Listed {
        commit: sidecar.commit.clone(),
        assets: vec![Asset { name, url, size: Some(sidecar.size), digest: None }],
        ..Listed::bare(tag, sidecar.version.clone())
    })
}

/// The release by the definition that the bytes were fetched by.
fn by_its_own_definition(
    context: &Context<'_>,
    chosen: &Chosen,
    held: &Held,
    listed: &Listed,
) -> Option<(ora_schema::release::Release, repo::DefinitionText)> {
    let kept = held.sidecar.definition.as_ref().filter(|kept| kept.sha256 != chosen.text.digest)?;
    let definition = repo::parse(&kept.text, &context.policy.definitions).ok()?.definition;
    if definition.name != chosen.text.definition.name {
        return None;
    }
    let (platform, limits) = (held.sidecar.platform, &context.policy.sources);
    let release = ora_source::evaluate_held(&definition, listed, &listed.assets[0], platform, limits).ok()?;
    Some((release, repo::DefinitionText { text: kept.text.clone(), digest: kept.sha256, definition }))
}

/// Says that the newest here is not the newest that is known, and how old that knowledge is.
fn tell_newest(context: &Context<'_>, chosen: &Chosen, wanted: Wanted<'_>, platform: Platform, held: &Found) {
    if wanted.is_exact() {
        return;
    }
    let listings = KeptListings::new(context);
    let Ok(known) = source(context, &listings, chosen, wanted, platform, Asking::Always) else { return };
    let (here, newest) = (&held.listed.version, &known.listed.version);
    if newest > here {
        let name = &chosen.text.definition.name;
        let now = context.now().seconds();
        let day = known.age.map(|age| ora_core::Timestamp::from_seconds(now.saturating_sub_unsigned(age)).day());
        let whose = match (day, chosen.time) {
            (Some(day), _) => format!("its list of {day}"),
            (None, Some(time)) => format!("registry of {}", time.day()),
            (None, None) => "its definition".to_owned(),
        };
        context.reporter.notice(format!("`{name}` {here} (newest here; {whose} knows {newest})"));
    }
}

/// Not held under its name: its bytes may be under another one, or in the folder for files carried by hand. Otherwise the
/// answer is what is missing, as exactly as it can be known here.
fn at_hand(context: &Context<'_>, chosen: Chosen, wanted: Wanted<'_>, question: &Question<'_>) -> Result<Meant, Error> {
    let definition = &chosen.text.definition;
    let listings = KeptListings::new(context);
    let known = match ora_source::find_without_asking(definition, wanted, question.platform, &context.policy.sources) {
        Some(found) => found,
        None => source(context, &listings, &chosen, wanted, question.platform, Asking::WhenNeeded),
    };
    if let Err(error @ SourceError::NoPlatform { .. }) = known {
        return Err(error.into());
    }
    let known = known.ok();
    let release = known.as_ref().and_then(|found| found.releases.first());
    let digest = question.sha256.or_else(|| release.and_then(|release| published_digest(&release.proof.digests)));
    let is_here = match digest {
        Some(digest) => context.store.find(&digest)?.is_some() || context.store.dropped(&digest)?.is_some(),
        None => false,
    };
    let is_near = release.is_some_and(|release| Folders::of(context).have(&release.url));
    if let (true, Some(found)) = (is_here || is_near, &known) {
        return Ok(Meant { found: found.clone(), chosen, is_held: false });
    }
    let version = match wanted {
        Wanted::Exact(text) => Some(text.to_owned()),
        Wanted::Latest => release.map(|release| release.version.to_string()),
        Wanted::Matching(requirement) => {
            Some(release.map_or_else(|| requirement.to_string(), |release| release.version.to_string()))
        }
    };
    let miss = Miss {
        name: definition.name.clone(),
        version,
        platform: question.platform,
        sha256: digest,
        url: release.map(|release| release.url.clone()),
        nearest: Vec::new(),
    };
    Err(Error::Missing { misses: vec![miss], drop: context.layout.drop_folder() })
}

pub(crate) fn published_digest(digests: &[(DigestOrigin, ora_core::Digest)]) -> Option<Sha256> {
    digests.iter().find_map(|(_, digest)| match digest {
        ora_core::Digest::Sha256(sha256) => Some(*sha256),
        ora_core::Digest::Sha512(_) => None,
    })
}
