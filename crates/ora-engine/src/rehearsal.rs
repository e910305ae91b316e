//! Before anything is carried: what is exported is installed here, from the cache alone, into an empty place.

use std::path::PathBuf;

use ora_core::{PackageName, Reach, Silent, VersionWish};
use ora_fs::{
    atomic,
    layout::{Dirs, Layout, SystemDirs},
    lock::Wish,
    rooted::Root,
};
use ora_install::Consent;
use ora_schema::{
    receipt::Origin,
    repo::{self, DefinitionText, Mode},
};
use ora_store::{Held, Store};

use crate::{
    Context, Error,
    definitions::Chosen,
    install::{self, Request, What},
};

/// A place that is removed when it is no longer needed.
pub(crate) struct Stage(PathBuf);

/// What a trial demands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trial {
    /// What an installation without further words would.
    AsInstalled,
    /// The same, except that somebody will have to speak for what nothing proves.
    Lenient,
}

impl Stage {
    /// A name that is free, in the cache.
    pub(crate) fn beside(layout: &Layout) -> Self {
        Self(atomic::temporary_beside(&layout.cache().join("rehearsal")))
    }

    /// The paths of somebody who has nothing yet; with a cache of their own, or the one that is here.
    pub(crate) fn layout(&self, layout: &Layout, has_own_cache: bool) -> Layout {
        let top = &self.0;
        let dirs = Dirs {
            config: layout.dirs().config.clone(),
            data: top.join("data"),
            cache: if has_own_cache { top.join("cache") } else { layout.cache().to_path_buf() },
            bin: top.join("bin"),
        };
        Layout::new(dirs, SystemDirs { root: top.join("system"), bin: top.join("system-bin") })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What is left is swept by the next export.
        let _removed = Root::remove_tree(&self.0);
    }
}

/// Resolves and unpacks one artifact as `install --offline` would where nothing else is: no network, no knowledge of this
/// machine but the cache, no scripts. `definition` is the text that travels.
pub(crate) fn rehearse(context: &Context<'_>, held: &Held, definition: &str, trial: Trial) -> Result<(), Error> {
    let stage = Stage::beside(context.layout);
    let layout = stage.layout(context.layout, false);
    let who = Wish { reporter: &Silent, ..context.wish("the cache") };
    let store = Store::new(context.layout, context.host, who);
    let empty = Context {
        layout: &layout,
        store: &store,
        reach: Reach::StoreOnly,
        policy: context.policy,
        reporter: &Silent,
        clock: context.clock,
        host: held.sidecar.platform,
        command: context.command,
        path: &[],
        home: None,
        is_rehearsal: true,
        audit_may_fail: context.audit_may_fail,
        sockets_denied: context.sockets_denied,
    };
    let chosen = chosen(&empty, held, definition)?;
    let version = held.sidecar.tag.as_ref().map_or_else(|| held.sidecar.version.to_string(), ToString::to_string);
    let request = Request {
        what: What::Packages { arguments: Vec::new(), version: None },
        mode: Some(Mode::Userland),
        // Where nothing was published and the user went on, the other side will have to say so again.
        allow_insecure: is_waived(held) || trial == Trial::Lenient,
        force: false,
        keep: false,
        sha256: None,
        with_dependencies: false,
        carrier: None,
    };
    let planned = install::release(&empty, &request, chosen, &VersionWish::Exact(version), None)?;
    let consent =
        |_: &install::Planned, _: &ora_install::InstallPlan| Consent::Withheld { reason: "a rehearsal".into() };
    install::execute(&empty, &[planned], &request, &consent)?;
    Ok(())
}

/// Whether an artifact came in without proof.
pub(crate) fn is_waived(held: &Held) -> bool {
    held.sidecar.verified.iter().any(|text| text.starts_with("waived"))
}

/// Removes what rehearsals left that were interrupted.
pub(crate) fn sweep(layout: &Layout) -> Result<(), Error> {
    atomic::sweep(layout.cache())?;
    Ok(())
}

fn chosen(context: &Context<'_>, held: &Held, text: &str) -> Result<Chosen, Error> {
    let name: &PackageName = &held.sidecar.name;
    let parsed = repo::parse(text, &context.policy.definitions).map_err(|diagnostics| Error::Definition {
        place: context.layout.definition(name),
        text: text.to_owned(),
        diagnostics,
    })?;
    if parsed.definition.name != *name {
        let (place, defined) = (context.layout.definition(name), parsed.definition.name);
        return Err(Error::OtherPackage { place, defined, wanted: name.clone() });
    }
    let registry = held.sidecar.registry.clone();
    let origin = match &registry {
        Some(registry) => Origin::Registry(registry.clone()),
        None => Origin::File(name.to_string()),
    };
    let digest = ora_core::Sha256::of(text.as_bytes());
    let text = DefinitionText { text: text.to_owned(), digest, definition: parsed.definition };
    Ok(Chosen { text, registry, commit: held.sidecar.registry_commit.clone(), time: None, origin })
}
