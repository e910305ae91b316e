//! `ora resolve`: what an install would fetch, without fetching it.

use ora_core::{PackageArgument, Platform, Reach, VersionWish};
use ora_source::{
    Asking, SourceError, Wanted, find, find_without_asking,
    view::{Resolved, Unavailable},
};

use crate::{Context, Error, Registries, definitions, listings::KeptListings};

/// What to resolve.
#[derive(Clone, Debug)]
pub struct Request {
    /// The package; or
    pub package: Option<PackageArgument>,
    /// a `.repo` file or URL.
    pub repo: Option<String>,
    /// The version, apart from the package.
    pub version: Option<VersionWish>,
    /// For which platforms; this machine's where there is none.
    pub platforms: Vec<Platform>,
}

/// One answer per platform.
#[derive(Debug)]
pub enum Answer {
    /// What would be fetched.
    Release(Box<Resolved>),
    /// Nothing, and why.
    Unavailable(Unavailable, Box<Error>),
}

/// Resolves for every platform asked for.
pub fn resolve(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    request: &Request,
) -> Result<Vec<Answer>, Error> {
    let (chosen, wish) = match (&request.package, &request.repo) {
        (Some(argument), _) => {
            let asked = registries.request(argument)?;
            let chosen = definitions::find(context, registries, &asked.name, asked.registry.as_ref())?;
            (chosen, asked.version)
        }
        (None, Some(place)) => (definitions::read(context, place)?, VersionWish::Any),
        (None, None) => return Err(Error::Internal("nothing to resolve")),
    };
    let wish = request.version.clone().unwrap_or(wish);
    let platforms = if request.platforms.is_empty() { &[context.host][..] } else { &request.platforms };
    platforms
        .iter()
        .map(|platform| match one(context, &chosen, &wish, *platform) {
            Ok(resolved) => Ok(Answer::Release(Box::new(resolved))),
            Err(Error::Source(error)) if is_unavailable(&error) => {
                let view = Unavailable::of(&chosen.text.definition.name, *platform, &error);
                Ok(Answer::Unavailable(view, Box::new(error.into())))
            }
            Err(error) => Err(error),
        })
        .collect()
}

fn one(
    context: &Context<'_>,
    chosen: &definitions::Chosen,
    wish: &VersionWish,
    platform: Platform,
) -> Result<Resolved, Error> {
    let definition = &chosen.text.definition;
    let wanted = definitions::wanted(wish);
    if let Some(found) = find_without_asking(definition, wanted, platform, &context.policy.sources) {
        return Ok(view(context, &found?));
    }
    let listings = KeptListings::new(context);
    let asking =
        ora_source::Context { listings: &listings, apis: &context.policy.apis, limits: &context.policy.sources };
    // Only a run without any network is answered from what is held; there an exact version may still be taken as typed.
    let when = if matches!((context.reach, wanted), (Reach::StoreOnly, Wanted::Latest | Wanted::Matching(_))) {
        Asking::Always
    } else {
        Asking::WhenNeeded
    };
    Ok(view(context, &find(definition, wanted, platform, when, &asking)?))
}

fn view(context: &Context<'_>, found: &ora_source::Found) -> Resolved {
    for note in &found.notes {
        context.reporter.notice(note.clone());
    }
    Resolved::of(&found.releases[0])
}

fn is_unavailable(error: &SourceError) -> bool {
    matches!(error, SourceError::NoPlatform { .. } | SourceError::NoAsset { .. } | SourceError::Format { .. })
}
