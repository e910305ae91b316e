use super::*;

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn name(text: &str) -> RegistryName {
    text.parse().unwrap()
}

fn read(text: &str) -> Vec<RegistryEntry> {
    parse(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

#[test]
fn every_key_of_the_table_is_read() {
    for key in keys("registries.toml", "[[registry]]") {
        let rest = if key.key == "name" { String::new() } else { format!("{} = {}\n", key.key, key.example) };
        let entry = &read(&format!("[[registry]]\nname = \"official\"\n{rest}"))[0];
        assert_eq!(*entry == RegistryEntry::new(name("official")), key.key == "name", "{key:?}");
    }
}

#[test]
fn pins_are_read_in_every_spelling() {
    let colons: Vec<String> =
        EMPTY.as_bytes().chunks(2).map(|two| String::from_utf8_lossy(two).to_uppercase()).collect();
    let base = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    for text in [
        EMPTY.to_owned(),
        EMPTY.to_uppercase(),
        format!("sha256:{EMPTY}"),
        colons.join(":"),
        format!("SHA256 {}", colons.join(":")),
        format!("sha256/{base}="),
        format!("sha256//{base}="),
        format!("sha256/{base}"),
    ] {
        assert_eq!(pins::parse(&text).unwrap().to_string(), EMPTY, "{text}");
    }
    for bad in [
        "",
        "sha256/",
        "abc",
        &EMPTY[1..],
        &format!("sha256/{base}AA"),
        "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV",
    ] {
        assert!(pins::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn both_files_make_one_list() {
    let config = crate::config::parse(
        "[[registries]]\nname = \"a\"\nurl = \"u\"\nbranch = \"main\"\n[[registries]]\nname = \"b\"\nurl = \"v\"\npriority = 5\n",
    );
    let own = read(
        "[[registry]]\nname = \"c\"\nurl = \"w\"\ntrust_level = \"private\"\n[[registry]]\nname = \"a\"\nenabled = false\nurl = \"x\"\n",
    );
    let all = merged(&config.unwrap().registries, &own).unwrap();
    let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!((all[0].url.as_str(), all[0].branch.as_deref(), all[0].enabled), ("x", Some("main"), false));
    assert_eq!((all[1].priority, all[2].priority), (5, DEFAULT_PRIORITY));
    assert_eq!((all[1].trust, all[2].trust, all[2].offline_mode), (Trust::Public, Trust::Private, true));
    let error = merged(&[], &read("[[registry]]\nname = \"a\"\n")).unwrap_err();
    assert_eq!(error.to_string(), "the registry `a` has no `url`");
}

#[test]
fn what_is_wrong_is_said() {
    for (fields, code) in [
        ("typ = \"git\"", "unknown-key"),
        ("type = \"svn\"", "invalid-value"),
        ("branch = \"--upload-pack=x\"", "invalid-name"),
        ("branch = \"a..b\"", "invalid-name"),
        ("registry_dir = \"../x\"", "unsafe-path"),
        ("url = \"a\\nb\"", "invalid-value"),
        ("priority = -1", "invalid-value"),
        ("tls = { cert_fingerprint = \"00\" }", "invalid-value"),
        ("tls = { cert_pin = \"00\" }", "unknown-key"),
    ] {
        let errors = parse(&format!("[[registry]]\nname = \"r\"\n{fields}\n")).unwrap_err();
        assert_eq!(errors[0].code, code, "{fields}");
    }
    let twins = "[[registry]]\nname = \"R\"\n[[registry]]\nname = \"r\"\n";
    assert_eq!(parse(twins).unwrap_err()[0].code, "duplicate-registry");
}

const TEXT: &str = "# my registries\n\n[[registry]] # first\nname = \"one\"\nurl = \"/srv/one\" # here\nfuture = { of = 1 }\n\n\
                    # the second\n[[registry]]\nname = \"two\"\nurl = \"/srv/two\"\n";

#[test]
fn changes_keep_comments_and_unknown_keys() {
    let mut text: RegistriesText = TEXT.parse().unwrap();
    assert_eq!(text.to_string(), TEXT);
    text.set_enabled(&name("one"), false).unwrap();
    text.set_local_clone(&name("two"), Some("/srv/clone")).unwrap();
    let changed = TEXT
        .replace("future = { of = 1 }\n", "future = { of = 1 }\nenabled = false\n")
        .replace("url = \"/srv/two\"\n", "url = \"/srv/two\"\nlocal_clone = \"/srv/clone\"\n");
    assert_eq!(text.to_string(), changed);
    text.set_local_clone(&name("two"), None).unwrap();
    text.set_enabled(&name("one"), true).unwrap();
    assert_eq!(
        text.to_string(),
        changed.replace("enabled = false", "enabled = true").replace("local_clone = \"/srv/clone\"\n", "")
    );
    assert!(text.remove(&name("one")).unwrap() && !text.remove(&name("one")).unwrap());
    assert!(text.to_string().contains("# the second\n[[registry]]\nname = \"two\""));
}

#[test]
fn what_is_added_is_read_back() {
    let mut entry = RegistryEntry::new(name("three"));
    entry.url = Some("https://e.example/r.git".into());
    entry.kind = Some(RegistryKind::Git);
    entry.trust_level = Some(Trust::Private);
    entry.enabled = Some(true);
    entry.branch = Some("main".into());
    entry.registry_dir = Some("packages".into());
    entry.priority = Some(7);
    entry.gpg_key = Some("ABCD".into());
    entry.tls.ca_cert = Some("/ca.pem".into());
    entry.tls.ca_cert_inline = Some("-----BEGIN\nEND-----\n".into());
    entry.local_clone = Some("/clone".into());
    entry.offline_mode = Some(false);
    let mut text: RegistriesText = "".parse().unwrap();
    text.add(&entry).unwrap();
    assert_eq!(read(&text.to_string()), [entry.clone()]);
    assert!(matches!(text.add(&RegistryEntry::new(name("Three"))), Err(RegistriesError::Taken { .. })));
    let pin = Sha256::of(b"");
    text.set_pins(&name("three"), Some(pin), None).unwrap();
    entry.tls.cert_fingerprint = Some(pin);
    assert_eq!(read(&text.to_string()), [entry]);
}

#[test]
fn pins_come_and_go_and_config_entries_get_one_here() {
    let mut text: RegistriesText = "".parse().unwrap();
    text.set_pins(&name("new"), None, Some(Sha256::of(b""))).unwrap();
    assert_eq!(
        text.to_string(),
        format!("[[registry]]\nname = \"new\"\n\n[registry.tls]\npublic_key_pin = \"{EMPTY}\"\n")
    );
    text.set_pins(&name("new"), None, None).unwrap();
    assert_eq!(text.to_string(), "[[registry]]\nname = \"new\"\n");
    let mut inline: RegistriesText = "registry = [{ name = \"a\", tls = { ca_cert = \"x\" } }]\n".parse().unwrap();
    inline.set_pins(&name("a"), Some(Sha256::of(b"")), None).unwrap();
    assert!(read(&inline.to_string())[0].tls.cert_fingerprint.is_some());
    assert!(matches!(
        "registry = 1\n".parse::<RegistriesText>().unwrap().remove(&name("a")),
        Err(RegistriesError::NoList)
    ));
}
