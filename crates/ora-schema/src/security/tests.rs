use ora_core::Kind;

use super::*;
use crate::{
    config::{self, ConfigFile},
    quantity::Size,
};

fn file(text: &str) -> SecurityFile {
    parse(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).0
}

fn policy(security: &str, config: &str) -> SecurityPolicy {
    SecurityPolicy::new(&file(security), &config::parse(config).unwrap())
}

#[test]
fn every_key_of_the_table_is_read_and_overridden() {
    assert!(keys().len() > 60);
    for key in keys() {
        let text = format!("[{}]\n{} = {}\n", key.section, key.key, key.default);
        let written = file(&text).written();
        let same = |one: &Written| (one.section, one.key, &one.value) == (key.section, key.key, &key.default);
        assert!(written.len() == 1 && same(&written[0]), "{text}: {written:?}");
        let mut overridden = SecurityFile::default();
        let value = key.default.replace(['"', '[', ']'], "");
        assert_eq!(overridden.set_from_env(&variable(&key), &value), Ok(key.clone()));
        assert_eq!(overridden, file(&text), "{}", variable(&key));
        assert!(key.meaning.ends_with('.') && !key.meaning.contains('\n'), "{}", key.meaning);
    }
}

#[test]
fn the_default_file_changes_nothing() {
    let commented = default_file();
    assert_eq!(file(&commented).written(), []);
    let uncommented: String = commented
        .lines()
        .map(|line| {
            line.strip_prefix("# ").filter(|rest| rest.split(" = ").count() == 2).unwrap_or(line).to_owned() + "\n"
        })
        .collect();
    let said = SecurityPolicy::new(&file(&uncommented), &ConfigFile::default());
    assert_eq!(file(&uncommented).written().len(), keys().len());
    assert_eq!(said.network, Network::default());
    assert_eq!(
        said.values(),
        SecurityPolicy { resources: said.resources.clone(), ..SecurityPolicy::default() }.values()
    );
}

#[test]
fn what_is_wrong_stops_the_run() {
    for (text, code, help) in [
        ("[network]\nhttps_onyl = true\n", "unknown-key", Some("did you mean `https_only`?")),
        ("[netwrok]\n", "unknown-key", Some("did you mean `network`?")),
        ("[network]\nhttps_only = \"yes\"\n", "wrong-type", None),
        ("[network]\nmax_redirects = -1\n", "invalid-value", None),
        ("[network]\nallowed_schemes = [\"gopher\"]\n", "invalid-value", None),
        ("[network]\nallowed_hosts = [\"a b\"]\n", "invalid-value", None),
        ("[network.git]\nallowed_schemes = [\"ext\"]\n", "invalid-value", None),
        ("[extraction]\nmax_file_size = \"1 elephant\"\n", "invalid-value", None),
        ("[scripts]\nallowed_interpreters = \"sh\"\n", "wrong-type", None),
        ("[network]\nx\n", "syntax", None),
        ("security_version = 2\n", "too-new", None),
    ] {
        let errors = parse(text).unwrap_err();
        assert_eq!((errors[0].code, errors[0].help.as_deref()), (code, help), "{text}");
        assert!(errors[0].is_error() && errors[0].span.is_some());
    }
    assert_eq!(parse("security_version = 2\n").unwrap_err()[0].kind, Kind::FormatTooNew);
}

#[test]
fn a_false_that_the_original_wrote_is_read_as_true() {
    let (old, notices) = parse("[network]\nallow_redirects = false\n").unwrap();
    assert_eq!((notices.len(), notices[0].code), (1, "redirects-read-as-true"));
    assert!(SecurityPolicy::new(&old, &ConfigFile::default()).network.allow_redirects);
    let (new, notices) = parse("security_version = 1\n[network]\nallow_redirects = false\n").unwrap();
    assert_eq!(notices, []);
    assert!(!SecurityPolicy::new(&new, &ConfigFile::default()).network.allow_redirects);
    let mut environment = SecurityFile::default();
    environment.set_from_env("ORA_SECURITY_NETWORK_ALLOW_REDIRECTS", "false").unwrap();
    assert!(!SecurityPolicy::new(&environment.over(&old), &ConfigFile::default()).network.allow_redirects);
}

#[test]
fn the_stricter_of_both_files_holds() {
    assert!(policy("", "").registries.require_checksums_public);
    assert!(!policy("", "").registries.require_checksums_private);
    assert!(!policy("", "[security]\nrequire_checksums = false\n").registries.require_checksums_public);
    assert!(policy("", "[security]\nrequire_checksums = true\n").registries.require_checksums_private);
    let both = policy(
        "[registries]\nrequire_checksums_public = true\nrequire_gpg_signatures = true\n[network.git]\nmax_repo_size = \"5MiB\"\n",
        "[security]\nrequire_checksums = false\nrequire_signatures = false\nmax_git_size_mb = 7\n",
    );
    assert!(both.registries.require_checksums_public && both.registries.require_gpg_signatures);
    assert!(!both.registries.require_checksums_private);
    assert_eq!(both.git.max_repo_size, Size::mebibytes(5));
    assert_eq!(both.registries.max_registry_size, Size::mebibytes(7));
    let cache = |security: &str, config: &str| policy(security, config).resources.max_cache_size_bytes.bytes();
    assert_eq!(cache("", ""), 10_000_000_000);
    assert_eq!(cache("", "[cache]\nmax_size = \"50GB\"\n"), 50_000_000_000);
    assert_eq!(cache("[resources]\nmax_cache_size_bytes = 5\n", ""), 5);
    assert_eq!(cache("[resources]\nmax_cache_size_bytes = 5\n", "[cache]\nmax_size = 4\n"), 4);
}

#[test]
fn an_unknown_variable_names_the_nearest() {
    let mut file = SecurityFile::default();
    let error = file.set_from_env("ORA_SECURITY_NETWORK_HTTPS_ONYL", "true").unwrap_err();
    assert!(
        matches!(&error, OverrideError::Unknown { nearest: Some(near), .. } if near == "ORA_SECURITY_NETWORK_HTTPS_ONLY")
    );
    let error = file.set_from_env("ORA_SECURITY_NETWORK_HTTPS_ONLY", "maybe").unwrap_err();
    assert!(matches!(error, OverrideError::Value { .. }));
    file.set_from_env("ora_security_network_git_https_only", "off").unwrap();
    file.set_from_env("ORA_SECURITY_NETWORK_ALLOWED_HOSTS", "A.example, *.b.example").unwrap();
    assert_eq!(file.git.https_only, Some(false));
    let policy = SecurityPolicy::new(&file, &ConfigFile::default());
    assert_eq!(policy.parse_limits().urls.allowed_hosts, ["a.example", "*.b.example"]);
}

#[test]
fn the_defaults_are_those_of_the_parsers() {
    let policy = SecurityPolicy::default();
    assert_eq!(policy.parse_limits(), crate::repo::ParseLimits::default());
    assert_eq!(policy.template_limits(), ora_core::template::Limits::default());
}
