use std::collections::BTreeMap;

use ora_fs::layout::{Dirs, SystemDirs};
use ora_schema::{config, security};

use super::*;

fn layout() -> Layout {
    let dirs = Dirs { config: "/c".into(), data: "/d".into(), cache: "/k".into(), bin: "/b".into() };
    Layout::new(dirs, SystemDirs::default())
}

fn resolve(config: &str, security: &str, environment: &Environment, global: &Global) -> Result<Settings, Failure> {
    let files = Files {
        config: config::parse(config).unwrap(),
        security: security::parse(security).unwrap().0,
        ..Files::default()
    };
    Settings::resolve(&files, &layout(), environment, global)
}

fn origin(settings: &Settings, name: &str) -> (String, String) {
    let found = settings.values().iter().chain(settings.rules()).find(|one| one.name() == name).unwrap();
    (found.value.clone(), found.origin.to_string())
}

fn variables(security: &[(&str, &str)]) -> Environment {
    let security = security.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment { security: security.collect::<BTreeMap<_, _>>(), ..Environment::default() }
}

#[test]
fn the_later_wins_and_is_the_origin() {
    let config = "[offline]\nstrict = true\n[cache]\nmax_size = \"1GB\"\n";
    let offline = |environment: &Environment, global: &Global| {
        let settings = resolve(config, "", environment, global).unwrap();
        assert_eq!(settings.offline, settings.config.offline.strict);
        origin(&settings, "offline.strict")
    };
    let environment = |text: &str| Environment { offline: Some(text.into()), ..Environment::default() };
    let flag = Global { no_offline: true, ..Global::default() };
    assert_eq!(offline(&Environment::default(), &Global::default()), ("true".into(), "/c/config.toml".into()));
    assert_eq!(offline(&environment("off"), &Global::default()), ("false".into(), "ORA_OFFLINE".into()));
    assert_eq!(offline(&environment("1"), &flag), ("false".into(), "--no-offline".into()));
    let settings = resolve(config, "", &Environment::default(), &Global::default()).unwrap();
    assert_eq!(origin(&settings, "cache.max_size"), ("\"1GB\"".into(), "/c/config.toml".into()));
    assert_eq!(origin(&settings, "cache.retention_days"), ("30".into(), "default".into()));
}

#[test]
fn a_rule_comes_from_whoever_is_stricter() {
    let config = "[security]\nrequire_signatures = true\nmax_git_size_mb = 10\n";
    let rules = "[registries]\nrequire_gpg_signatures = false\n[network]\nmax_redirects = 5\n";
    let environment = variables(&[("NETWORK_GIT_MAX_REPO_SIZE", "1MiB"), ("NETWORK_HTTPS_ONLY", "true")]);
    let settings = resolve(config, rules, &environment, &Global::default()).unwrap();
    let from = |name| origin(&settings, name).1;
    assert_eq!(origin(&settings, "registries.require_gpg_signatures"), ("true".into(), "/c/config.toml".into()));
    assert_eq!(from("network.git.max_repo_size"), "ORA_SECURITY_NETWORK_GIT_MAX_REPO_SIZE");
    assert_eq!(from("registries.max_registry_size"), "/c/config.toml");
    assert_eq!(from("network.max_redirects"), "/c/security.toml");
    assert_eq!(from("network.https_only"), "ORA_SECURITY_NETWORK_HTTPS_ONLY");
    assert_eq!(from("extraction.max_file_size"), "default");
    assert!(settings.policy.network.https_only);
}

#[test]
fn a_variable_that_names_nothing_is_an_error_with_its_near_miss() {
    let failure = resolve("", "", &variables(&[("NETWORK_HTTP_ONLY", "true")]), &Global::default()).unwrap_err();
    assert_eq!(failure.kind, Kind::ConfigInvalid);
    assert_eq!(failure.hints, [Hint::note("did you mean `ORA_SECURITY_NETWORK_HTTPS_ONLY`?")]);
    let failure = resolve("", "", &variables(&[("NETWORK_HTTPS_ONLY", "perhaps")]), &Global::default()).unwrap_err();
    assert!(failure.message.contains("neither true nor false"), "{}", failure.message);
}

#[test]
fn values_that_cannot_be_are_errors() {
    let bad = |environment: Environment, config: &str| {
        resolve(config, "", &environment, &Global::default()).unwrap_err().kind
    };
    let environment = Environment { offline: Some("perhaps".into()), ..Environment::default() };
    assert_eq!(bad(environment, ""), Kind::ConfigInvalid);
    let environment = Environment { github_api_url: Some("https://u:p@h".into()), ..Environment::default() };
    assert_eq!(bad(environment, ""), Kind::ConfigInvalid);
    assert_eq!(bad(Environment::default(), "[install]\nuserland_dir = \"here\"\n"), Kind::ConfigInvalid);
    assert_eq!(bad(Environment::default(), "[[registries]]\nname = \"x\"\n"), Kind::ConfigInvalid);
}

#[test]
fn packages_go_where_the_configuration_says() {
    let config = "[install]\nuserland_dir = \"~/apps\"\nsystem_dir = \"/srv/apps\"\n";
    let environment = Environment { home: Some("/home/ada".into()), ..Environment::default() };
    let settings = resolve(config, "", &environment, &Global::default()).unwrap();
    assert_eq!(settings.layout.userland().packages(), Path::new("/home/ada/apps"));
    assert_eq!(settings.layout.system().packages(), Path::new("/srv/apps"));
}
