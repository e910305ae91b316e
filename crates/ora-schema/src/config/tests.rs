use ora_core::Kind;

use super::*;

fn file(text: &str) -> ConfigFile {
    parse(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// A file in which one key has a value.
fn with(key: &KeyInfo, value: &str) -> String {
    match key.section {
        "" => format!("{} = {value}\n", key.key),
        "[[registries]]" if key.key == "name" => format!("[[registries]]\nname = {value}\n"),
        "[[mirror]]" if key.key == "only" => {
            format!("[[mirror]]\nfrom = \"https://a.example/\"\nto = \"/srv\"\nonly = {value}\n")
        }
        "[[mirror]]" => {
            let other = if key.key == "from" { "to = \"/srv\"" } else { "from = \"https://a.example/\"" };
            format!("[[mirror]]\n{} = {value}\n{other}\n", key.key)
        }
        "[[registries]]" => format!("[[registries]]\nname = \"r\"\n{} = {value}\n", key.key),
        section => format!("[{section}]\n{} = {value}\n", key.key),
    }
}

#[test]
fn every_key_of_the_table_is_read() {
    for key in keys() {
        for value in [&key.default, &key.example] {
            if value.is_empty() {
                continue;
            }
            let read = file(&with(&key, value));
            if !key.section.starts_with('[') && key.key != "config_version" {
                assert_eq!(read.written().len(), 1, "{key:?}");
            }
        }
        assert!(key.meaning.ends_with('.') && !key.example.is_empty(), "{key:?}");
    }
}

#[test]
fn the_default_file_changes_nothing() {
    assert_eq!(file(&default_file()), ConfigFile::default());
    let values = Config::default().values();
    assert!(values.iter().any(|one| (one.section, one.key, one.value.as_str()) == ("cache", "max_size", "\"10GB\"")));
    assert!(values.iter().any(|one| (one.section, one.key, one.value.as_str()) == ("offline", "max_registry_age", "")));
}

#[test]
fn a_whole_file_is_read() {
    let read = file(include_str!("../../tests/samples/config.toml"));
    assert_eq!(read.registries.len(), 2);
    assert_eq!(read.aliases["k"], "kubectl@1.28");
    assert_eq!(read.mirrors[0].to, MirrorTarget::Url("https://mirror.example/github/".parse().unwrap()));
    assert_eq!(
        read.mirrors[1],
        Mirror {
            from: "https://dl.k8s.io/".parse().unwrap(),
            to: MirrorTarget::Folder("/srv/mirror".into()),
            only: true,
        }
    );
    let config = read.resolved();
    assert_eq!(config.offline.max_registry_age.get().unwrap().seconds(), 90 * 86_400);
    assert_eq!(config.cache.max_size.bytes(), 5 << 30);
    assert_eq!(config.install.default_mode.get(), Some(&crate::repo::Mode::System));
    assert_eq!(config.suppress_insecure_warnings[0].as_str(), "windsurf");
}

#[test]
fn what_is_wrong_is_said() {
    for (text, code, help) in [
        ("[cahce]\n", "unknown-key", Some("did you mean `cache`?")),
        ("[cache]\nmaxsize = 1\n", "unknown-key", Some("did you mean `max_size`?")),
        ("[install]\ndefault_mode = \"user\"\n", "invalid-value", None),
        ("[offline]\nmax_registry_age = 90\n", "wrong-type", None),
        ("[offline]\nmax_registry_age = \"90\"\n", "invalid-value", None),
        ("config_version = \"9\"\n", "too-new", None),
        ("[aliases]\n\"a b\" = \"x\"\n", "invalid-name", None),
        ("[[mirror]]\nfrom = \"https://a.example\"\n", "missing-key", None),
        ("[[mirror]]\nfrom = \"ext::sh\"\nto = \"/x\"\n", "invalid-value", None),
        ("suppress_insecure_warnings = [\"../x\"]\n", "invalid-value", None),
        ("[[registries]]\nurl = \"x\"\n", "missing-key", None),
    ] {
        let errors = parse(text).unwrap_err();
        assert_eq!((errors[0].code, errors[0].help.as_deref()), (code, help), "{text}");
    }
    assert_eq!(parse("config_version = \"9\"\n").unwrap_err()[0].kind, Kind::FormatTooNew);
}

#[test]
fn a_warning_is_suppressed_without_touching_the_rest() {
    let text = "# mine\nsuppress_insecure_warnings = [\"a\"] # these\n\n[cache]\nmax_size = 1\n";
    let changed = suppress_warning(text, &"b".parse().unwrap()).unwrap();
    assert_eq!(changed, text.replace("[\"a\"]", "[\"a\", \"b\"]"));
    assert_eq!(suppress_warning(&changed, &"b".parse().unwrap()).unwrap(), changed);
    let fresh = suppress_warning("[cache]\nmax_size = 1\n", &"b".parse().unwrap()).unwrap();
    assert_eq!(file(&fresh).suppress_insecure_warnings.unwrap().len(), 1);
    assert!(suppress_warning("x = [", &"b".parse().unwrap()).is_err());
}
