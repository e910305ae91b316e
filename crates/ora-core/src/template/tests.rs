use proptest::prelude::*;

use super::*;

fn template(text: &str) -> Template {
    text.parse().unwrap()
}

fn expand(text: &str, value: &str, encoding: Encoding) -> Result<String, TemplateError> {
    template(text).expand(&|_| Some(value.to_owned()), encoding)
}

#[test]
fn an_unknown_variable_names_the_nearest() {
    for (text, name, meant, at) in [
        ("a/{verison}", "verison", Some(Variable::Version), 2),
        ("{Version}", "Version", Some(Variable::Version), 0),
        ("{ version }", " version ", Some(Variable::Version), 0),
        ("{platform-triple}", "platform-triple", Some(Variable::PlatformTriple), 0),
        ("x{quux}", "quux", None, 1),
        ("{}", "", None, 0),
    ] {
        let unknown = TemplateError::Unknown { name: name.into(), nearest: meant, at };
        assert_eq!(text.parse::<Template>(), Err(unknown));
    }
    assert!(matches!("a{version".parse::<Template>(), Err(TemplateError::Unclosed { at: 1, .. })));
    for literal in ["a{b", "{1,2}", "{{", "}", "${", "{é}"] {
        assert_eq!(template(literal).expand(&|_| None, Encoding::Url).as_deref(), Ok(literal));
    }
}

#[test]
fn values_are_encoded_where_they_enter_a_url() {
    for (text, value, url) in [
        ("x/{version}", "1.0+2/a b~", "x/1.0%2B2%2Fa%20b~"),
        ("x/{repo}", "owner/na+me", "x/owner/na%2Bme"),
        ("{url}.sha256", "https://h/a%20b?c", "https://h/a%20b?c.sha256"),
        ("{asset}", "a b/é", "a%20b%2F%C3%A9"),
        ("{version}", "{tag}", "%7Btag%7D"),
    ] {
        assert_eq!(expand(text, value, Encoding::Url).as_deref(), Ok(url));
    }
    assert_eq!(expand("{version}", "{install_dir}", Encoding::Plain).as_deref(), Ok("{install_dir}"));
    let plain = Limits { url_encode: false, ..Limits::default() };
    let raw = template("{version}").expand_within(&|_| Some("1+2".into()), Encoding::Url, &plain);
    assert_eq!(raw.as_deref(), Ok("1+2"));
}

#[test]
fn hostile_values_are_refused_unless_the_policy_says_otherwise() {
    let long = "x".repeat(1025);
    for value in ["../x", "a..b", "a\0b", "a\nb", "a\rb", &long] {
        let error = expand("{version}", value, Encoding::Url).unwrap_err();
        assert_eq!(error.kind(), Kind::NameInvalid, "{value:?}");
    }
    let open = Limits {
        url_encode: true,
        block_path_traversal: false,
        block_null_bytes: false,
        block_newlines: false,
        max_variable_length: 2000,
    };
    for value in ["../x", "a\0b", "a\nb", &long] {
        assert!(template("{tag}").expand_within(&|_| Some(value.into()), Encoding::Plain, &open).is_ok());
    }
    assert_eq!(
        template("{tag}").expand(&|_| None, Encoding::Plain),
        Err(TemplateError::NoValue { variable: Variable::Tag })
    );
}

#[test]
fn a_written_prefix_is_a_whole_word_before_the_version() {
    for (text, prefix) in [
        ("https://h/download/v{version}/x", "v"),
        ("v{version}", "v"),
        ("https://h/tool-v{version}.zip", "v"),
        ("https://h/jq-{version}/x", "jq-"),
        ("https://h/release%2F{version}/x", "release/"),
        ("https://h/%40scope%2fpkg%40{version}", "@scope/pkg@"),
        ("{name}-v{version}", "v"),
        ("{version}/v{version}", "v"),
    ] {
        assert!(template(text).writes_prefix(prefix), "{text} {prefix}");
    }
    for (text, prefix) in [
        ("https://h/download/{version}/x", "v"),
        ("https://h/rev{version}/x", "v"),
        ("{os}v{version}", "v"),
        ("v{tag}", "v"),
        ("xjq-{version}", "jq-"),
        ("v{name}{version}", "v"),
        ("{version}", ""),
    ] {
        assert!(!template(text).writes_prefix(prefix), "{text} {prefix}");
    }
}

#[test]
fn a_lenient_template_leaves_foreign_braces() {
    let lenient = Template::lenient("${HOME}/{install_dir}/{");
    assert_eq!(lenient.expand(&|_| Some("d".into()), Encoding::Plain).as_deref(), Ok("${HOME}/d/{"));
}

proptest! {
    #[test]
    fn any_text_parses_or_errs_and_pieces_give_it_back(text in ".{0,80}") {
        for parsed in [text.parse::<Template>().ok(), Some(Template::lenient(&text))].into_iter().flatten() {
            let written = parsed.parts().iter().map(|part| match part {
                Part::Text(text) => text.to_string(),
                Part::Variable(variable) => format!("{{{}}}", variable.name()),
            });
            prop_assert_eq!(written.collect::<String>(), text.as_str());
        }
    }

    #[test]
    fn no_value_changes_what_stands_around_it(value in "\\PC{0,40}") {
        if let Ok(url) = expand("https://h/{version}/x", &value, Encoding::Url) {
            let middle = url.strip_prefix("https://h/").and_then(|rest| rest.strip_suffix("/x")).unwrap();
            prop_assert!(middle.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
            prop_assert_eq!(decoded(middle), value.as_bytes());
        }
    }

    #[test]
    fn prefixes_never_panic(text in "[a-z%/{}\u{e9}v]{0,20}\\{version\\}", prefix in "\\PC{0,4}") {
        if let Ok(parsed) = text.parse::<Template>() {
            parsed.writes_prefix(&prefix);
        }
    }
}
