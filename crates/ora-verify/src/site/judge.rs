//! Whether an export or a bundle is accepted, from its list of digests and its signature alone.

use std::collections::{BTreeMap, BTreeSet};

use globset::Glob;
use ora_core::{Fingerprint, PackageName, Purpose, RegistryName, Timestamp};

use super::{Certificate, Signer, SiteError, signers};

/// What a trusted key may sign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The primary key.
    pub key: Fingerprint,
    /// For what.
    pub purposes: Vec<Purpose>,
    /// For which packages, as globs; empty = for all.
    pub packages: Vec<String>,
    /// Until when; signatures made later do not count.
    pub expires: Option<Timestamp>,
}

impl Grant {
    /// A grant for every package, without an end.
    pub fn new(key: Fingerprint, purposes: Vec<Purpose>) -> Self {
        Self { key, purposes, packages: Vec::new(), expires: None }
    }

    fn covers(&self, subject: &Subject, made: Timestamp) -> bool {
        let is_registry = |name: &RegistryName| self.purposes.contains(&Purpose::Registry(name.clone()));
        let only_registries = subject.packages.is_empty() && !subject.registries.is_empty();
        let for_this = self.purposes.contains(&subject.purpose)
            || (only_registries && subject.purpose == Purpose::Export && subject.registries.iter().all(is_registry));
        // A key that is trusted for some packages says nothing about the definitions of a whole registry.
        let fits_packages = self.packages.is_empty()
            || (subject.registries.is_empty() && subject.packages.iter().all(|name| self.allows(name)));
        for_this && fits_packages && self.expires.is_none_or(|end| made < end)
    }

    fn allows(&self, name: &PackageName) -> bool {
        let fits = |glob: &String| Glob::new(glob).is_ok_and(|glob| glob.compile_matcher().is_match(name.as_str()));
        self.packages.iter().any(fits)
    }
}

/// Whom this machine trusts.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Every certificate at hand: trusted, revoked and merely known ones.
    pub certificates: Vec<Certificate>,
    /// The trusted keys; none = whatever comes is accepted and said to be signed by nobody trusted.
    pub grants: Vec<Grant>,
    /// Keys that never count again, and since when that is known.
    pub revoked: BTreeMap<Fingerprint, Timestamp>,
    /// How many different trusted keys have to sign; at least one.
    pub threshold: usize,
    /// The present, not before the newest time that a trusted key ever named.
    pub now: Timestamp,
}

impl Trust {
    /// Trust in nobody.
    pub fn nobody(now: Timestamp) -> Self {
        Self { certificates: Vec::new(), grants: Vec::new(), revoked: BTreeMap::new(), threshold: 1, now }
    }

    /// Whether only signed input is accepted.
    pub fn is_configured(&self) -> bool {
        !self.grants.is_empty()
    }
}

/// What is signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// In which role the file is read.
    pub purpose: Purpose,
    /// The packages in it, as far as they are known.
    pub packages: BTreeSet<PackageName>,
    /// The registries whose snapshots are in it.
    pub registries: BTreeSet<RegistryName>,
}

impl Subject {
    /// A subject of which only the role is known yet. Judge it again when its packages are.
    pub fn new(purpose: Purpose) -> Self {
        Self { purpose, packages: BTreeSet::new(), registries: BTreeSet::new() }
    }
}

/// A signature that counts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// The primary key.
    pub key: Fingerprint,
    /// The name in the key.
    pub name: String,
    /// When it was made, by its own word.
    pub made: Timestamp,
    /// When the key ended, where it has: the signature is older than that.
    pub expired: Option<Timestamp>,
}

/// What became of a signature that is not refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// There is none, and nobody is trusted here.
    Unsigned,
    /// It is by a key that is known or not, and nobody is trusted here: the fingerprints or ids.
    Unknown {
        /// Fingerprints, or ids, of the keys.
        keys: Vec<String>,
    },
    /// Enough trusted keys signed.
    Trusted {
        /// One for each key, with the newest signature of it.
        signers: Vec<Accepted>,
    },
}

impl Verdict {
    /// The keys that count, for records: `openpgp:FINGERPRINT`, more than one with commas between them.
    pub fn signer(&self) -> Option<String> {
        let Self::Trusted { signers } = self else { return None };
        Some(signers.iter().map(|one| format!("openpgp:{}", one.key)).collect::<Vec<_>>().join(","))
    }
}

/// Decides about a list of digests and what stands beside it as signature. Garbage, a signature that does not fit although its
/// key is at hand, and one of a revoked key are refused whether anybody is trusted or not.
pub fn judge(list: &[u8], signature: Option<&[u8]>, subject: &Subject, trust: &Trust) -> Result<Verdict, SiteError> {
    let Some(signature) = signature else {
        return if trust.is_configured() { Err(SiteError::Missing) } else { Ok(Verdict::Unsigned) };
    };
    let mut accepted: BTreeMap<Fingerprint, Accepted> = BTreeMap::new();
    let (mut known, mut reasons) = (Vec::new(), Vec::new());
    for signer in signers(signature, list, &trust.certificates)? {
        match signer {
            Signer::Bad { key, reason } => return Err(SiteError::invalid(format!("{reason} (key {key})"))),
            Signer::Unknown { id } => {
                let id = id.unwrap_or_else(|| "without a name".to_owned());
                reasons.push(format!("the key {id} is not known here"));
                known.push(id);
            }
            Signer::Good { key, .. } if trust.revoked.contains_key(&key) => {
                return Err(SiteError::Untrusted { reason: format!("the key {key} was revoked") });
            }
            Signer::Good { key, name, made, expires } => {
                let mut grants = trust.grants.iter().filter(|grant| grant.key == key).peekable();
                match (grants.peek().is_some(), grants.any(|grant| grant.covers(subject, made))) {
                    (true, true) => {
                        let expired = expires.filter(|end| *end <= trust.now);
                        let newest = accepted.get(&key).is_none_or(|before| before.made < made);
                        if newest {
                            accepted.insert(key.clone(), Accepted { key, name, made, expired });
                        }
                        continue;
                    }
                    (true, false) => reasons.push(format!("the key {key} is not trusted with this")),
                    (false, _) => reasons.push(format!("the key {key} is not trusted")),
                }
                known.push(key.to_string());
            }
        }
    }
    if !trust.is_configured() {
        return Ok(Verdict::Unknown { keys: known });
    }
    let needed = trust.threshold.max(1);
    if accepted.len() >= needed {
        return Ok(Verdict::Trusted { signers: accepted.into_values().collect() });
    }
    if !accepted.is_empty() {
        reasons.push(format!("{} of {needed} needed keys signed", accepted.len()));
    }
    Err(SiteError::Untrusted { reason: reasons.join("; ") })
}

#[cfg(test)]
mod tests;
