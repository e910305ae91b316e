//! `[security]`: what proves the download.

use std::collections::BTreeMap;

use ora_core::{Digest, Kind, Untrusted};

use super::{
    Algorithm, Checksum, ChecksumFormat, Cosign, Gpg, Minisign, Security, Signs,
    parse::ParseLimits,
    source,
    templates::{self, Place},
};
use crate::reader::{Item, Table};

const ALGORITHMS: [(&str, Algorithm); 2] = [("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512)];

const FORMATS: [(&str, ChecksumFormat); 4] = [
    ("multi-hash", ChecksumFormat::Multi),
    ("single-hash", ChecksumFormat::Single),
    ("sha256sum", ChecksumFormat::Detect),
    ("standard", ChecksumFormat::Detect),
];

const SIGNS: [(&str, Signs); 3] = [("auto", Signs::Auto), ("asset", Signs::Asset), ("checksums", Signs::Checksums)];

/// Reads the table; `source` may hold an older spelling of the checksum, `has_pins` says that versions name digests.
pub(super) fn security(table: &Table<'_>, source: &Table<'_>, has_pins: bool, limits: &ParseLimits) -> Security {
    let checksum = table.table("checksum");
    let mut found = checksum.is_present().then(|| read_checksum(&checksum, limits));
    let mut allow_insecure = table.boolean("allow_insecure");
    let old = source.legacy("checksums", "it is `security.checksum` and `security.allow_insecure`");
    if let Some(old) = old.and_then(|item| item.table()) {
        let folded = legacy_checksum(&old, limits);
        found = found.or(folded);
        let old_allows = old.boolean("allow_insecure");
        allow_insecure = allow_insecure.or(old_allows);
    }
    let inline = legacy_hashes(table);
    if !inline.is_empty() {
        let hashes = &mut found.get_or_insert_default().hashes;
        let new =
            inline.into_iter().filter(|(key, _)| !hashes.iter().any(|(known, _)| known == key)).collect::<Vec<_>>();
        hashes.extend(new);
    }
    if let Some(found) = &found
        && checksum.is_present()
        && !has_pins
        && found.hash.is_none()
        && found.hashes.is_empty()
        && checksum.get("url").is_none()
        && !["hash", "hashes"].iter().any(|key| checksum.get(key).is_some())
    {
        checksum.missing("url");
    }
    let warnings = table.table("warnings");
    let message = warnings.string("message").map(str::to_owned);
    let is_shown = warnings.boolean("enabled").unwrap_or(true);
    Security {
        allow_insecure: allow_insecure.unwrap_or_default(),
        checksum: found,
        gpg: gpg(&table.table("gpg"), limits),
        minisign: minisign(&table.table("minisign"), limits),
        cosign: cosign(&table.table("cosign"), limits),
        warning: message.filter(|_| is_shown),
    }
}

fn read_checksum(table: &Table<'_>, limits: &ParseLimits) -> Checksum {
    let url = table.get("url").and_then(|item| templates::url(&item, Place::Proof, limits));
    let algorithm = table.get("algorithm").and_then(|item| item.one_of(&ALGORITHMS));
    let old = table.legacy("single_hash", "it is `format = \"single-hash\"` or `\"multi-hash\"`");
    let old = old.and_then(|item| item.boolean());
    let old = old.map(|single| if single { ChecksumFormat::Single } else { ChecksumFormat::Multi });
    let format = table.get("format").and_then(|item| item.one_of(&FORMATS)).or(old).unwrap_or_default();
    let filename_pattern = table.get("filename_pattern").and_then(|item| {
        let template = templates::template(&item, Place::Proof)?;
        templates::is_inside(&item, &template).then_some(template)
    });
    let names = super::PlatformNames::default();
    let mut platform_map = BTreeMap::new();
    for (key, item) in table.table("platform_map").entries() {
        source::check_platform(key, &item, &names);
        platform_map.extend(item.string().map(|text| (key.to_owned(), text.to_owned())));
    }
    Checksum {
        url,
        algorithm,
        format,
        filename_pattern,
        platform_map,
        hash: table.get("hash").and_then(|item| digest(&item, algorithm)),
        hashes: digests(&table.table("hashes"), algorithm),
    }
}

/// The old `[source.checksums]`; `None` where its type says that there is none.
fn legacy_checksum(table: &Table<'_>, limits: &ParseLimits) -> Option<Checksum> {
    let single = ChecksumFormat::Single;
    let (algorithm, format) = match table.get("type") {
        None => (None, ChecksumFormat::Multi),
        Some(item) => item.one_of(&[
            ("none", None),
            ("sha256", Some((Some(Algorithm::Sha256), ChecksumFormat::Multi))),
            ("sha512", Some((Some(Algorithm::Sha512), ChecksumFormat::Multi))),
            ("sha256-file", Some((Some(Algorithm::Sha256), ChecksumFormat::Multi))),
            ("sha512-file", Some((Some(Algorithm::Sha512), ChecksumFormat::Multi))),
            ("sha256-multi-file", Some((Some(Algorithm::Sha256), ChecksumFormat::Multi))),
            ("sha512-multi-file", Some((Some(Algorithm::Sha512), ChecksumFormat::Multi))),
            ("sha256-single-file", Some((Some(Algorithm::Sha256), single))),
            ("sha512-single-file", Some((Some(Algorithm::Sha512), single))),
        ])??,
    };
    let url = table.required("url").and_then(|item| templates::url(&item, Place::Proof, limits))?;
    Some(Checksum { url: Some(url), algorithm, format, ..Checksum::default() })
}

/// The old `[[security.checksums]]`: a digest per platform.
fn legacy_hashes(table: &Table<'_>) -> Vec<(String, Digest)> {
    let Some(item) = table.legacy("checksums", "it is `security.checksum.hashes`") else { return Vec::new() };
    let names = super::PlatformNames::default();
    let mut hashes = Vec::new();
    for entry in item.array().iter().filter_map(Item::table) {
        let platform = entry.required("platform");
        let platform = platform.and_then(|item| {
            let key = item.string()?;
            source::check_platform(key, &item, &names);
            Some(key.to_owned())
        });
        let digest = match entry.get("sha512") {
            Some(item) => digest(&item, Some(Algorithm::Sha512)),
            None => entry.required("sha256").and_then(|item| digest(&item, Some(Algorithm::Sha256))),
        };
        hashes.extend(platform.zip(digest));
    }
    hashes
}

/// A digest: hexadecimal digits, perhaps with the algorithm in front.
fn digest(item: &Item<'_>, algorithm: Option<Algorithm>) -> Option<Digest> {
    let digest: Digest = item.parsed("invalid-value", Kind::ConfigInvalid)?;
    let found = match digest {
        Digest::Sha256(_) => Algorithm::Sha256,
        Digest::Sha512(_) => Algorithm::Sha512,
    };
    if algorithm.is_some_and(|algorithm| algorithm != found) {
        item.error("invalid-value", format!("`{}` is not a digest of the algorithm that is named", item.path()));
        return None;
    }
    Some(digest)
}

/// A digest per platform, in the order of the file.
pub(super) fn digests(table: &Table<'_>, algorithm: Option<Algorithm>) -> Vec<(String, Digest)> {
    let names = super::PlatformNames::default();
    let mut digests = Vec::new();
    for (key, item) in table.entries() {
        source::check_platform(key, &item, &names);
        digests.extend(digest(&item, algorithm).map(|digest| (key.to_owned(), digest)));
    }
    digests
}

fn signs(table: &Table<'_>) -> Signs {
    table.get("signs").and_then(|item| item.one_of(&SIGNS)).unwrap_or_default()
}

fn gpg(table: &Table<'_>, limits: &ParseLimits) -> Option<Gpg> {
    if !table.is_present() {
        return None;
    }
    let url = |key| table.get(key).and_then(|item| templates::url(&item, Place::Proof, limits));
    let signature_url = table.required("signature_url").and_then(|item| templates::url(&item, Place::Proof, limits));
    let (new, old) = (url("public_key_url"), url("key_url"));
    let fingerprint = table.get("fingerprint").and_then(|item| full_fingerprint(&item));
    let id = table.get("key_id").and_then(|item| key_id(&item));
    let is_full = |id: &String| id.len() >= 40;
    let revoked = table.tables("revoked_keys");
    Some(Gpg {
        signature_url: signature_url?,
        public_key: table.string("public_key").map(str::to_owned),
        public_key_url: new.or(old),
        fingerprint: fingerprint.or_else(|| id.clone().filter(is_full)),
        key_id: id.filter(|id| !is_full(id)),
        keyserver: table.string("keyserver").map(str::to_owned),
        revoked_keys: revoked.iter().filter_map(revoked_key).collect(),
        signs: signs(table),
    })
}

fn revoked_key(table: &Table<'_>) -> Option<(String, Option<String>)> {
    // For people; a revoked key never verifies, whatever the date.
    let _when = table.get("revoked_at");
    let reason = table.string("reason").map(str::to_owned);
    Some((full_fingerprint(&table.required("fingerprint")?)?, reason))
}

fn full_fingerprint(item: &Item<'_>) -> Option<String> {
    hexadecimal(item, &[40, 64], "a fingerprint: 40 or 64 hexadecimal digits")
}

fn key_id(item: &Item<'_>) -> Option<String> {
    hexadecimal(item, &[8, 16, 40, 64], "a key id: 8, 16, 40 or 64 hexadecimal digits")
}

/// Hexadecimal digits of certain lengths, upper case; spaces between them and `0x` in front are how people copy them.
fn hexadecimal(item: &Item<'_>, lengths: &[usize], what: &str) -> Option<String> {
    let text = item.string()?;
    let digits: String = text.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
    let digits = digits.strip_prefix("0X").unwrap_or(&digits);
    if lengths.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(digits.to_owned());
    }
    item.error("invalid-value", format!("`{}`: `{}` is not {what}", item.path(), Untrusted(text)));
    None
}

fn minisign(table: &Table<'_>, limits: &ParseLimits) -> Option<Minisign> {
    if !table.is_present() {
        return None;
    }
    let signature_url = table.get("signature_url").and_then(|item| templates::url(&item, Place::Proof, limits));
    let public_key = table.required("public_key").and_then(|item| item.string()).map(str::to_owned);
    let signs = signs(table);
    Some(Minisign { public_key: public_key?, signature_url, signs })
}

fn cosign(table: &Table<'_>, limits: &ParseLimits) -> Option<Cosign> {
    if !table.is_present() {
        return None;
    }
    let url = |key| table.get(key).and_then(|item| templates::url(&item, Place::Proof, limits));
    let text = |key| table.string(key).map(str::to_owned);
    let cosign = Cosign {
        public_key: text("public_key"),
        identity: text("identity"),
        issuer: text("issuer"),
        signature_url: url("signature_url"),
        certificate_url: url("certificate_url"),
        bundle_url: url("bundle_url"),
        signs: signs(table),
    };
    if cosign.public_key.is_none() && (cosign.identity.is_none() || cosign.issuer.is_none()) {
        table.missing("public_key");
    }
    Some(cosign)
}
