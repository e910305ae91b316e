//! What a person reads before an export is imported.

use std::fmt::Write as _;

use ora_core::Untrusted;
use ora_schema::manifest::ObjectKind;

use crate::parcel::Parcel;

/// The text of `README.txt`: the same for the same content, so without a date.
pub(crate) fn text(parcel: &Parcel) -> String {
    let mut out = String::from(
        "This folder was written by `ora cache export`. It carries programs, and what is known of them,\n\
         to a machine without a network.\n\n\
         To review it:   sha256sum -c SHA256SUMS        every file below is what the list says\n\
         \x20               less MANIFEST.json             what each file is, and where it came from\n\
         To import it:   ora cache import PATH          PATH = the archive, or this folder\n",
    );
    for (at, one) in parcel.artifacts.iter().enumerate() {
        if at > 0 && parcel.artifacts[at - 1].release.name == one.release.name {
            continue;
        }
        let head = if at == 0 { "To install:    " } else { "               " };
        // Writing to a string does not fail.
        let _ = writeln!(out, "{head} ora install --offline {}", one.release.name);
    }
    out.push_str("\nNothing in it is run or installed by the import.\n");
    artifacts(parcel, &mut out);
    registries(parcel, &mut out);
    let count = |kind| parcel.items.iter().filter(|item| item.object.kind == Some(kind)).count();
    let bytes: u64 = parcel.size();
    let _ = write!(
        out,
        "\nFILES\n  {} artifacts, {} definitions, {} files that prove artifacts, {} files of registries: {bytes} bytes\n",
        count(ObjectKind::Artifact),
        count(ObjectKind::Definition),
        count(ObjectKind::Evidence),
        count(ObjectKind::Registry),
    );
    out
}

fn artifacts(parcel: &Parcel, out: &mut String) {
    if !parcel.artifacts.is_empty() {
        out.push_str("\nARTIFACTS\n");
    }
    for one in &parcel.artifacts {
        let release = &one.release;
        let shown = |text: Option<&str>| Untrusted(text.unwrap_or("not known")).to_string();
        let registry = release.registry.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        let verified = if one.verified.is_empty() {
            "nothing is known".to_owned()
        } else {
            Untrusted(&one.verified.join(", ")).to_string()
        };
        let _ = write!(
            out,
            "  {} {} for {}\n    size      {} bytes\n    sha256    {}\n    source    {}\n    registry  {registry}\n    \
             licence   {}\n    verified  {verified}\n    signer    none\n",
            release.name,
            release.version,
            release.platform,
            one.size,
            one.sha256,
            shown(release.source.as_deref()),
            shown(release.licence.as_deref()),
        );
    }
}

fn registries(parcel: &Parcel, out: &mut String) {
    if !parcel.registries.is_empty() {
        out.push_str("\nREGISTRIES\n");
    }
    for registry in &parcel.registries {
        let commit = registry.commit.as_ref().map_or_else(String::new, |commit| format!(" at {commit}"));
        let url = registry.url.as_deref().unwrap_or("a place on the machine that exported");
        let _ = writeln!(
            out,
            "  {} ({}{commit}, {}) from {}",
            registry.name,
            Untrusted(&registry.kind),
            registry.time,
            Untrusted(url)
        );
    }
}
