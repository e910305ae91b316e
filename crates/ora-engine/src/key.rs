//! `ora key`: the keys of this site, and whose signatures count here.

use std::{collections::BTreeMap, path::Path};

use ora_audit::{Action, Outcome, Record};
use ora_core::{Fingerprint, Purpose, Timestamp};
use ora_fs::{atomic, private};
use ora_schema::trust::{RevokedKey, TrustPolicy, TrustedKey};
use ora_verify::site::{Certificate, SecretKey, SiteError};
use serde::Serialize;

mod error;

pub use error::KeyError;

use crate::{
    Context, Error,
    trust::{self, MOST, POLICY, Trusted},
};

/// How the file of a secret key ends.
const SECRET: &str = ".secret.asc";
/// How the file of a public key that is only known ends.
const PUBLIC: &str = ".public.asc";

/// What is known of a key.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Known {
    /// Its full fingerprint.
    pub fingerprint: String,
    /// The name in it; anybody can write any name into a key.
    pub name: String,
    /// When it was made.
    pub created: String,
    /// When it ends, if it does.
    pub expires: Option<String>,
    /// Whether its secret part is here.
    pub secret: bool,
    /// Whether its signatures count.
    pub trusted: bool,
    /// What it may sign, where it is trusted.
    pub purposes: Vec<String>,
    /// For which packages; empty = for all.
    pub packages: Vec<String>,
    /// Until when it is trusted, if that ends.
    pub trusted_until: Option<String>,
    /// When it was revoked here, if it was.
    pub revoked: Option<String>,
}

/// How a key is to be trusted.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// What it may sign; empty = exports and bundles.
    pub purposes: Vec<Purpose>,
    /// For which packages, as globs; empty = for all.
    pub packages: Vec<String>,
    /// Until when.
    pub expires: Option<Timestamp>,
    /// How many different keys have to sign from now on.
    pub threshold: Option<usize>,
}

/// Who signs.
pub enum Signing<'s> {
    /// A key of this site; without a name the only one. A locked key asks for its passphrase.
    Own {
        /// Its name or fingerprint.
        key: Option<String>,
        /// Asks for the passphrase of the key of this name.
        passphrase: &'s dyn Fn(&str) -> Option<String>,
    },
    /// A key of the user's own gpg, by what gpg calls it.
    Gpg(String),
}

/// Makes an armoured detached signature over a list of digests.
pub type SignList = dyn Fn(&[u8]) -> Result<String, SiteError>;

/// Signs lists of digests.
pub struct ListSigner {
    /// Who signs: `openpgp:FINGERPRINT` or `gpg:ID`.
    pub name: String,
    /// Makes an armoured detached signature over a list.
    pub sign: Box<SignList>,
}

/// Makes ready to sign a list of digests, of an export or a bundle: finds the key, opens it, and says what to record as signer.
pub fn signer(context: &Context<'_>, signing: &Signing<'_>) -> Result<ListSigner, Error> {
    let (key, ask) = match signing {
        Signing::Gpg(id) => {
            let id = id.clone();
            let name = format!("gpg:{id}");
            return Ok(ListSigner { name, sign: Box::new(move |list| ora_verify::gpg::sign(&id, list)) });
        }
        Signing::Own { key, passphrase } => (key, passphrase),
    };
    let secret = secret(context, key.as_deref())?;
    let fingerprint = secret.fingerprint();
    let passphrase = if secret.is_locked() {
        let said = ask(&fingerprint.to_string());
        Some(said.ok_or(KeyError::Locked { fingerprint: fingerprint.clone() })?)
    } else {
        None
    };
    let now = context.now();
    // A wrong passphrase is told before anything is written.
    secret.sign(b"", now, passphrase.as_deref()).map_err(KeyError::from)?;
    let sign = move |list: &[u8]| secret.sign(list, now, passphrase.as_deref());
    Ok(ListSigner { name: format!("openpgp:{fingerprint}"), sign: Box::new(sign) })
}

/// Makes a key of this site.
pub fn generate(
    context: &Context<'_>,
    name: &str,
    email: Option<&str>,
    passphrase: Option<&str>,
) -> Result<Known, Error> {
    let is_bad =
        |text: &str| text.trim().is_empty() || text.contains(['<', '>', '(', ')']) || text.contains(char::is_control);
    if let Some(name) = [Some(name), email].into_iter().flatten().find(|text| is_bad(text)) {
        return Err(KeyError::Name { name: name.to_owned() }.into());
    }
    let user = email.map_or_else(|| name.to_owned(), |email| format!("{name} <{email}>"));
    let key = SecretKey::generate(&user, context.now(), passphrase).map_err(KeyError::from)?;
    let fingerprint = key.fingerprint();
    record(context, &fingerprint, format!("made for {user}"))?;
    let folder = context.layout.keys();
    private::ensure(&folder)?;
    let file = |suffix| folder.join(format!("{fingerprint}{suffix}"));
    let public = key.certificate().map_err(KeyError::from)?;
    let secret = key.to_armored().map_err(KeyError::from)?;
    atomic::write(&file(SECRET), secret.as_bytes(), atomic::Mode::Private)?;
    atomic::write(&file(PUBLIC), public.as_bytes(), atomic::Mode::Private)?;
    known(context, &fingerprint.to_string())
}

/// Every key that is known here, by name.
pub fn list(context: &Context<'_>) -> Result<Vec<Known>, Error> {
    let trusted = Trusted::read(context)?;
    let mut found: BTreeMap<Fingerprint, Known> = BTreeMap::new();
    for certificate in &trusted.trust.certificates {
        found.insert(certificate.fingerprint(), view(context, certificate, &trusted.policy));
    }
    // What was revoked before its key was ever seen is shown as well.
    for one in &trusted.policy.revoked {
        let known = || Known {
            fingerprint: one.fingerprint.to_string(),
            name: String::new(),
            created: String::new(),
            expires: None,
            secret: false,
            trusted: false,
            purposes: Vec::new(),
            packages: Vec::new(),
            trusted_until: None,
            revoked: Some(one.at.to_string()),
        };
        found.entry(one.fingerprint.clone()).or_insert_with(known);
    }
    let mut all: Vec<Known> = found.into_values().collect();
    all.sort_by(|a, b| (&a.name, &a.fingerprint).cmp(&(&b.name, &b.fingerprint)));
    Ok(all)
}

/// The key of a name, an address or a full fingerprint.
pub fn known(context: &Context<'_>, key: &str) -> Result<Known, Error> {
    chosen(list(context)?, key)
}

/// The armoured public key; without a name that of the only secret key here.
pub fn export(context: &Context<'_>, key: Option<&str>) -> Result<String, Error> {
    let fingerprint = match key {
        Some(key) => known(context, key)?.fingerprint,
        None => secret(context, None)?.fingerprint().to_string(),
    };
    let trusted = Trusted::read(context)?;
    let is_it = |one: &&Certificate| one.fingerprint().to_string() == fingerprint;
    let found = trusted.trust.certificates.iter().find(is_it).ok_or(KeyError::Unknown { key: fingerprint.clone() })?;
    Ok(found.to_armored().map_err(KeyError::from)?)
}

/// Makes the public keys of a file known by name. Nothing is trusted by that.
pub fn import(context: &Context<'_>, file: &Path) -> Result<Vec<Known>, Error> {
    let mut imported = Vec::new();
    for certificate in read(file)? {
        let fingerprint = certificate.fingerprint();
        record(context, &fingerprint, "became known".to_owned())?;
        let folder = context.layout.keys();
        private::ensure(&folder)?;
        let text = certificate.to_armored().map_err(KeyError::from)?;
        atomic::write(&folder.join(format!("{fingerprint}{PUBLIC}")), text.as_bytes(), atomic::Mode::Private)?;
        imported.push(known(context, &fingerprint.to_string())?);
    }
    Ok(imported)
}

/// A key that may become trusted: from a file, or one that is known.
pub fn candidate(context: &Context<'_>, key: &str) -> Result<Candidate, Error> {
    let path = Path::new(key);
    if key.parse::<Fingerprint>().is_err() && path.is_file() {
        let mut found = read(path)?;
        let count = found.len();
        return match (found.pop(), count) {
            (Some(certificate), 1) => Ok(Candidate { certificate }),
            _ => Err(KeyError::Several { path: path.into(), count }.into()),
        };
    }
    let fingerprint = known(context, key)?.fingerprint;
    let trusted = Trusted::read(context)?;
    let found = trusted.trust.certificates.into_iter().find(|one| one.fingerprint().to_string() == fingerprint);
    Ok(Candidate { certificate: found.ok_or(KeyError::Unknown { key: key.to_owned() })? })
}

/// A key that may become trusted.
#[derive(Clone, Debug)]
pub struct Candidate {
    certificate: Certificate,
}

impl Candidate {
    /// Its full fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        self.certificate.fingerprint()
    }

    /// The name in it; anybody can write any name into a key.
    pub fn name(&self) -> String {
        self.certificate.name()
    }

    /// Refuses another fingerprint than this.
    pub fn confirmed_by(&self, expected: &Fingerprint) -> Result<(), KeyError> {
        let actual = self.fingerprint();
        if actual == *expected { Ok(()) } else { Err(KeyError::Mismatch { expected: expected.clone(), actual }) }
    }
}

/// Trusts a key whose full fingerprint somebody confirmed.
pub fn trust(context: &Context<'_>, candidate: &Candidate, scope: Scope) -> Result<Known, Error> {
    let fingerprint = candidate.fingerprint();
    if let Some(glob) = scope.packages.iter().find(|glob| globset::Glob::new(glob).is_err()) {
        return Err(KeyError::Glob { glob: glob.clone() }.into());
    }
    let mut policy = changeable(context)?;
    if policy.is_revoked(&fingerprint) {
        return Err(KeyError::Revoked { fingerprint }.into());
    }
    let purposes =
        if scope.purposes.is_empty() { vec![Purpose::Export, Purpose::Bundle] } else { scope.purposes.clone() };
    let shown: Vec<String> = purposes.iter().map(ToString::to_string).collect();
    policy.keys.retain(|key| key.fingerprint != fingerprint);
    policy.threshold = scope.threshold.unwrap_or(policy.threshold).max(1);
    policy.keys.push(TrustedKey {
        fingerprint: fingerprint.clone(),
        purposes,
        packages: scope.packages,
        expires: scope.expires,
    });
    record(context, &fingerprint, format!("trusted with {}", shown.join(", ")))?;
    let folder = context.layout.trust();
    private::create_dir(&folder)?;
    private::check_writers(&folder)?;
    let text = candidate.certificate.to_armored().map_err(KeyError::from)?;
    atomic::write(&folder.join(format!("{fingerprint}.asc")), text.as_bytes(), atomic::Mode::Public)?;
    write(context, &policy)?;
    known(context, &fingerprint.to_string())
}

/// Takes trust back. Returns the key, and whether anybody is trusted still.
pub fn untrust(context: &Context<'_>, key: &str) -> Result<(Known, bool), Error> {
    let fingerprint = print(&known(context, key)?)?;
    let mut policy = changeable(context)?;
    if !policy.keys.iter().any(|one| one.fingerprint == fingerprint) {
        return Err(KeyError::NotTrusted { fingerprint }.into());
    }
    policy.keys.retain(|one| one.fingerprint != fingerprint);
    record(context, &fingerprint, "no longer trusted".to_owned())?;
    write(context, &policy)?;
    Ok((known(context, &fingerprint.to_string())?, !policy.keys.is_empty()))
}

/// Refuses a key for good: a known one, or any by its full fingerprint. Returns the key, and whether anybody is trusted
/// still.
pub fn revoke(context: &Context<'_>, key: &str, reason: Option<String>) -> Result<(Known, bool), Error> {
    let fingerprint = match key.parse() {
        Ok(fingerprint) => fingerprint,
        Err(_) => print(&known(context, key)?)?,
    };
    let own = context.layout.trust();
    let mut policy = trust::policy_of(&own)?;
    policy.keys.retain(|one| one.fingerprint != fingerprint);
    if !policy.is_revoked(&fingerprint) {
        let note = reason.as_deref().map_or_else(|| "revoked".to_owned(), |reason| format!("revoked: {reason}"));
        record(context, &fingerprint, note)?;
        policy.revoked.push(RevokedKey { fingerprint: fingerprint.clone(), at: context.now(), reason });
    }
    private::create_dir(&own)?;
    write(context, &policy)?;
    trust::forget_times(context, &fingerprint)?;
    let is_anybody = Trusted::read(context)?.trust.is_configured();
    Ok((known(context, &fingerprint.to_string())?, is_anybody))
}

fn print(known: &Known) -> Result<Fingerprint, Error> {
    known.fingerprint.parse().map_err(|_| Error::Internal("a fingerprint that is none"))
}

/// The user's policy, where it decides.
fn changeable(context: &Context<'_>) -> Result<TrustPolicy, Error> {
    let trusted = Trusted::read(context)?;
    if trusted.is_system {
        return Err(KeyError::System { folder: trusted.folder }.into());
    }
    Ok(trusted.policy)
}

fn write(context: &Context<'_>, policy: &TrustPolicy) -> Result<(), Error> {
    let path = context.layout.trust().join(POLICY);
    let text = policy.to_toml().map_err(|source| KeyError::Policy { path: path.clone(), source })?;
    Ok(atomic::write(&path, text.as_bytes(), atomic::Mode::Public)?)
}

fn read(file: &Path) -> Result<Vec<Certificate>, Error> {
    let io = |source| Error::File { path: file.to_path_buf(), source };
    let missing = || io(std::io::Error::from(std::io::ErrorKind::NotFound));
    let bytes = atomic::read(file, MOST)?.ok_or_else(missing)?;
    let read = Certificate::parse_all(&bytes);
    Ok(read.map_err(|source| KeyError::File { path: file.to_path_buf(), source })?)
}

fn view(context: &Context<'_>, certificate: &Certificate, policy: &TrustPolicy) -> Known {
    let fingerprint = certificate.fingerprint();
    let revoked = policy.revoked.iter().find(|one| one.fingerprint == fingerprint);
    let trusted = policy.keys.iter().find(|one| one.fingerprint == fingerprint && revoked.is_none());
    Known {
        name: certificate.name(),
        created: certificate.created().to_string(),
        expires: certificate.expires().map(|end| end.to_string()),
        secret: context.layout.keys().join(format!("{fingerprint}{SECRET}")).is_file(),
        trusted: trusted.is_some(),
        purposes: trusted.map(|one| one.purposes.iter().map(ToString::to_string).collect()).unwrap_or_default(),
        packages: trusted.map(|one| one.packages.clone()).unwrap_or_default(),
        trusted_until: trusted.and_then(|one| one.expires).map(|end| end.to_string()),
        revoked: revoked.map(|one| one.at.to_string()),
        fingerprint: fingerprint.to_string(),
    }
}

/// The one key that is meant: by its fingerprint, its whole name, the name without the address, or the address.
fn chosen(all: Vec<Known>, key: &str) -> Result<Known, Error> {
    let wanted = key.parse::<Fingerprint>().ok().map(|print| print.to_string());
    let is_it = |one: &Known| {
        if let Some(wanted) = &wanted {
            return one.fingerprint == *wanted;
        }
        let (name, address) = one.name.split_once(" <").unwrap_or((&one.name, ""));
        !key.is_empty() && [one.name.as_str(), name, address.trim_end_matches('>')].contains(&key)
    };
    let mut found: Vec<Known> = all.into_iter().filter(is_it).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(KeyError::Unknown { key: key.to_owned() }.into()),
        (Some(last), false) => {
            let fingerprints = found.into_iter().chain([last]).map(|one| one.fingerprint).collect();
            Err(KeyError::Ambiguous { key: key.to_owned(), fingerprints }.into())
        }
    }
}

/// The secret key that is meant; without a name the only one.
fn secret(context: &Context<'_>, key: Option<&str>) -> Result<SecretKey, Error> {
    let mut own: Vec<Known> = list(context)?.into_iter().filter(|one| one.secret).collect();
    let meant = match key {
        Some(key) => chosen(own, key)?,
        None if own.len() > 1 => {
            let fingerprints = own.into_iter().map(|one| one.fingerprint).collect();
            return Err(KeyError::Ambiguous { key: "--sign".to_owned(), fingerprints }.into());
        }
        None => own.pop().ok_or(KeyError::NoSecret)?,
    };
    let path = context.layout.keys().join(format!("{}{SECRET}", meant.fingerprint));
    let bytes = atomic::read(&path, MOST)?.ok_or(KeyError::NoSecret)?;
    Ok(SecretKey::from_armored(&bytes).map_err(|source| KeyError::File { path, source })?)
}

/// Writes what is about to be done to a key into the log: what cannot be recorded is not done.
fn record(context: &Context<'_>, key: &Fingerprint, note: String) -> Result<(), Error> {
    let mut record = Record::new(Action::Key, Outcome::Done);
    record.signer = Some(format!("openpgp:{key}"));
    record.note = Some(note);
    Ok(context.log().append(&record, context.clock, context.reporter).map(drop)?)
}
