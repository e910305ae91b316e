use super::*;
use crate::site::SecretKey;

const LIST: &[u8] = b"# ora-cache 1\n";

fn at(day: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_366_400 + day * 86_400)
}

fn key(name: &str) -> SecretKey {
    SecretKey::generate(name, at(0), None).unwrap()
}

fn trusting(keys: &[&SecretKey]) -> Trust {
    let mut trust = Trust::nobody(at(1));
    for key in keys {
        trust.certificates.extend(Certificate::parse_all(key.certificate().unwrap().as_bytes()).unwrap());
        trust.grants.push(Grant::new(key.fingerprint(), vec![Purpose::Export]));
    }
    trust
}

fn export() -> Subject {
    Subject::new(Purpose::Export)
}

fn kind(result: Result<Verdict, SiteError>) -> ora_core::Kind {
    result.unwrap_err().kind()
}

#[test]
fn who_trusts_nobody_is_told_and_who_trusts_somebody_wants_that_signature() {
    use ora_core::Kind::{SignatureInvalid, SignatureMissing, SignatureUntrusted};
    let (site, other) = (key("site"), key("other"));
    let nobody = Trust::nobody(at(1));
    let signed = site.sign(LIST, at(0), None).unwrap();
    assert_eq!(judge(LIST, None, &export(), &nobody).unwrap(), Verdict::Unsigned);
    let unknown = judge(LIST, Some(signed.as_bytes()), &export(), &nobody).unwrap();
    assert_eq!(unknown, Verdict::Unknown { keys: vec![site.fingerprint().to_string()] });
    assert_eq!(kind(judge(LIST, Some(b"garbage"), &export(), &nobody)), SignatureInvalid);

    let trust = trusting(&[&site]);
    let verdict = judge(LIST, Some(signed.as_bytes()), &export(), &trust).unwrap();
    assert_eq!(verdict.signer(), Some(format!("openpgp:{}", site.fingerprint())));
    assert_eq!(kind(judge(LIST, None, &export(), &trust)), SignatureMissing);
    assert_eq!(kind(judge(b"# ora-cache 2\n", Some(signed.as_bytes()), &export(), &trust)), SignatureInvalid);
    let foreign = other.sign(LIST, at(0), None).unwrap();
    assert_eq!(kind(judge(LIST, Some(foreign.as_bytes()), &export(), &trust)), SignatureUntrusted);
    assert_eq!(kind(judge(LIST, Some(signed.as_bytes()), &Subject::new(Purpose::Bundle), &trust)), SignatureUntrusted);
}

#[test]
fn a_revoked_key_never_counts_even_where_nobody_is_trusted() {
    let site = key("site");
    let mut trust = trusting(&[&site]);
    trust.grants.clear();
    trust.revoked.insert(site.fingerprint(), at(1));
    let signed = site.sign(LIST, at(0), None).unwrap();
    let refused = judge(LIST, Some(signed.as_bytes()), &export(), &trust);
    assert_eq!(kind(refused), ora_core::Kind::SignatureUntrusted);
}

#[test]
fn a_key_is_trusted_within_its_packages_and_until_its_end() {
    let site = key("site");
    let mut trust = trusting(&[&site]);
    trust.grants[0].packages = vec!["kube*".to_owned()];
    trust.grants[0].expires = Some(at(10));
    let (early, late) = (site.sign(LIST, at(9), None).unwrap(), site.sign(LIST, at(10), None).unwrap());
    let mut subject = export();
    subject.packages.insert("kubectl".parse().unwrap());
    assert!(judge(LIST, Some(early.as_bytes()), &subject, &trust).is_ok());
    assert_eq!(kind(judge(LIST, Some(late.as_bytes()), &subject, &trust)), ora_core::Kind::SignatureUntrusted);
    subject.packages.insert("jq".parse().unwrap());
    assert_eq!(kind(judge(LIST, Some(early.as_bytes()), &subject, &trust)), ora_core::Kind::SignatureUntrusted);
}

#[test]
fn a_threshold_counts_keys_and_not_signatures() {
    let (one, two) = (key("one"), key("two"));
    let mut trust = trusting(&[&one, &two]);
    trust.threshold = 2;
    let by = |key: &SecretKey, day| key.sign(LIST, at(day), None).unwrap();
    let twice = format!("{}{}", by(&one, 0), by(&one, 1));
    assert!(judge(LIST, Some(twice.as_bytes()), &export(), &trust).is_err());
    assert!(judge(LIST, Some(by(&one, 0).as_bytes()), &export(), &trust).is_err());
}

#[test]
fn a_locked_key_signs_with_its_passphrase_only() {
    let locked = SecretKey::generate("locked", at(0), Some("open sesame")).unwrap();
    let locked = SecretKey::from_armored(locked.to_armored().unwrap().as_bytes()).unwrap();
    assert!(locked.is_locked());
    assert!(matches!(locked.sign(LIST, at(0), None), Err(SiteError::Passphrase { .. })));
    assert!(matches!(locked.sign(LIST, at(0), Some("x")), Err(SiteError::Passphrase { .. })));
    let signed = locked.sign(LIST, at(0), Some("open sesame")).unwrap();
    assert!(judge(LIST, Some(signed.as_bytes()), &export(), &trusting(&[&locked])).is_ok());
    assert_eq!(signed, locked.sign(LIST, at(0), Some("open sesame")).unwrap(), "the same moment, the same bytes");
}
