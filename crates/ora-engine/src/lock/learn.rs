//! The digest of a release: published, held, or learnt by downloading.

use ora_core::{Platform, Sha256, Tag};
use ora_schema::lock::{LockedArtifact, Unknown};
use ora_store::Subject;
use ora_verify::{Evidence, VerifyError, Waiver};

use crate::{
    Context, Error,
    obtain::{self, Wanted},
    releases::Meant,
};

/// What is known of a release for one platform.
pub(super) struct Learnt {
    pub(super) artifact: LockedArtifact,
    pub(super) tag: Tag,
    pub(super) definition: Sha256,
    pub(super) commit: Option<String>,
    pub(super) verified: Vec<String>,
}

/// Learns it. Bytes for this machine will be wanted soon, so they are fetched; for other platforms a published digest is
/// enough. `accepts` lets bytes that changed since they were first seen stand.
pub(super) fn learn(
    context: &Context<'_>,
    meant: &Meant,
    platform: Platform,
    allow_insecure: bool,
    accepts: bool,
) -> Result<Learnt, Error> {
    let wanted = Wanted {
        releases: &meant.found.releases,
        commit: meant.found.listed.commit.as_ref(),
        definition: &meant.chosen.text,
        registry: meant.chosen.registry.as_ref(),
        registry_commit: meant.chosen.commit.as_deref(),
        waiver: allow_insecure.then(|| Waiver::absent_checksum("--allow-insecure")),
        is_held: meant.is_held,
        digest: None,
    };
    if platform != context.host
        && let Some((release, sha256, evidence)) = obtain::published(context, &wanted)?
    {
        let size = meant.found.listed.assets.iter().find(|asset| asset.url == release.url).and_then(|asset| asset.size);
        let verified = evidence.iter().map(ToString::to_string).collect();
        let source = Some(release.url.clone());
        let artifact = LockedArtifact { sha256, size, source, unknown: Unknown::new() };
        return Ok(learnt(meant, artifact, release.tag.clone(), verified));
    }
    let obtained = match obtain::obtain(context, &wanted) {
        Err(Error::Verify(VerifyError::Mismatch(mismatch))) if accepts && mismatch.said_by == Evidence::FirstSeen => {
            let (Some(release), ora_core::Digest::Sha256(actual)) = (meant.found.releases.first(), mismatch.actual)
            else {
                return Err(Error::Verify(VerifyError::Mismatch(mismatch)));
            };
            context.first_seen().accept(&Subject::Url(release.url.clone()), actual, context.now())?;
            obtain::obtain(context, &wanted)?
        }
        other => other?,
    };
    let sha256 = obtained.artifact.sha256();
    let mut verified: Vec<String> = match &obtained.held {
        // What was verified when it came is still what proves it.
        Some(held) if !held.sidecar.verified.is_empty() => held.sidecar.verified.clone(),
        _ => obtained.artifact.evidence().iter().map(ToString::to_string).collect(),
    };
    verified.retain(|text| !text.starts_with("waived"));
    if verified.is_empty() {
        verified.push(Evidence::FirstSeen.to_string());
    }
    let release = obtained.release;
    let artifact = LockedArtifact {
        sha256,
        size: Some(obtained.artifact.size()),
        source: Some(release.url),
        unknown: Unknown::new(),
    };
    Ok(learnt(meant, artifact, release.tag, verified))
}

fn learnt(meant: &Meant, artifact: LockedArtifact, tag: Tag, verified: Vec<String>) -> Learnt {
    let chosen = &meant.chosen;
    Learnt { artifact, tag, definition: chosen.text.digest, commit: chosen.commit.clone(), verified }
}
