//! `ora bundle` and `ora install --from-bundle`: one package with all that belongs to it, in one file.

mod create;
mod install;
mod sign;
mod view;

use std::path::Path;

use ora_bundle::{Bundle, Home, Importer, Rules};
use ora_core::Silent;
use ora_fs::lock::Wish;
use ora_store::Store;
use ora_verify::site::Trust;

pub use self::create::{Created, Request, Required, create};
pub use self::install::{Wanted, install, plan};
pub use self::sign::sign;
pub use self::view::{ArtifactView, Change, Difference, PackageView, View, diff, show};
use crate::{
    Context, Error,
    import::tell_unsigned,
    rehearsal::{self, Stage, Trial},
    trust::Trusted,
};

/// Reads a bundle to its last byte: its signature is accepted, every file is listed, and is what the list says.
pub(crate) fn open(context: &Context<'_>, path: &Path, trust: &Trust) -> Result<Bundle, Error> {
    // A bundle connects to nobody; which addresses may be asked is looked at when somebody is.
    let lenient = context.policy.definitions.without_addresses();
    Bundle::open(path, &lenient, trust).map_err(|source| Error::Bundle { file: path.to_path_buf(), source })
}

/// Reads a bundle, and installs everything in it into an empty place.
pub fn verify(context: &Context<'_>, path: &Path) -> Result<View, Error> {
    let trusted = Trusted::read(context)?;
    let bundle = open(context, path, &trusted.trust)?;
    tried(context, &bundle, path, |_| Ok(()))?;
    tell_unsigned(context, path, bundle.signed());
    Ok(View::of(&bundle, path))
}

/// Takes a bundle into a cache of its own, installs everything in it for its platforms into an empty place, without a network
/// and without scripts, and goes on with that cache. All of it is gone afterwards.
fn tried<R>(
    context: &Context<'_>,
    bundle: &Bundle,
    path: &Path,
    go_on: impl FnOnce(&Context<'_>) -> Result<R, Error>,
) -> Result<R, Error> {
    let file = || path.to_path_buf();
    rehearsal::sweep(context.layout)?;
    let stage = Stage::beside(context.layout);
    let layout = stage.layout(context.layout, true);
    let who = Wish { reporter: &Silent, ..context.wish("the cache") };
    let store = Store::new(&layout, context.host, who);
    let lenient = context.policy.definitions.without_addresses();
    let rules = Rules {
        replace: &[],
        allow_rollback: false,
        definitions: &lenient,
        // The signature was judged when the bundle was opened.
        trust: &Trust::nobody(context.now()),
        home: &|_| Home::None("a bundle carries no registries".to_owned()),
    };
    let importer =
        Importer { layout: &layout, store: &store, who: Wish { reporter: &Silent, ..context.wish("a bundle") }, rules };
    importer.import_bundle(bundle).map_err(|source| Error::Bundle { file: file(), source })?;
    let inside = Context { layout: &layout, store: &store, ..*context };
    for package in bundle.packages() {
        let metadata = &package.metadata;
        for artifact in &package.artifacts {
            let subject = format!("{} {} for {}", metadata.name, metadata.version, artifact.platform);
            context.reporter.report(ora_core::Event::Step { action: "rehearsing", subject });
            let registry = metadata.registry.as_ref();
            let held = store.find_release(&metadata.name, metadata.version.as_str(), artifact.platform, registry)?;
            let held = held.ok_or(Error::Internal("what was just taken in is not held"))?;
            rehearsal::rehearse(&inside, &held, &package.definition, Trial::Lenient)
                .map_err(|source| Error::BundleTrial { file: file(), source: Box::new(source) })?;
        }
    }
    go_on(&Context { store: &store, ..*context })
}
