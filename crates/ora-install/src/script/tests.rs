use super::*;

fn settings(seconds: u64) -> ScriptSettings {
    ScriptSettings {
        interpreters: vec!["sh".into()],
        timeout: Duration::from_secs(seconds),
        path: "/usr/bin:/bin".into(),
        home: None,
        config: "/config".into(),
    }
}

fn run_text(text: &str, env: &[(&str, &str)], seconds: u64) -> Result<String, ScriptError> {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(seconds);
    let script = planned_text(text, &settings)?;
    let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let version = "1.0".parse().unwrap();
    let scene = Scene { directory: home.path(), version: &version, env: &env, settings: &settings };
    let printed = run(&script, script.sha256, &scene, &|| {})?;
    Ok(printed.replace(&home.path().display().to_string(), "DIR"))
}

#[test]
fn a_script_sees_its_package_and_nothing_of_ours() {
    let printed = run_text(
        "cd /; echo {install_dir} $VERSION $TOOL_DATA; env | cut -d= -f1 | sort | tr '\\n' ' '",
        &[("TOOL_DATA", "{install_dir}/{version}/{config_dir}/{install")],
        20,
    );
    let printed = printed.unwrap();
    let (first, names) = printed.split_once('\n').unwrap();
    assert_eq!(first, "DIR 1.0 DIR/1.0//config/{install");
    let expected = ["CONFIG_DIR", "INSTALL_DIR", "LANG", "PATH", "TOOL_DATA", "VERSION"];
    let own: Vec<&str> = names.split_whitespace().filter(|n| !["PWD", "OLDPWD", "_", "SHLVL"].contains(n)).collect();
    assert_eq!(own, expected);
}

#[test]
fn what_steers_other_programs_may_not_be_set() {
    for bad in ["LD_PRELOAD", "PATH", "GIT_SSH", "https_proxy", "BASH_ENV", "A=B", "", "1A", "PYTHONPATH", "a b"] {
        assert!(!is_allowed_variable(bad), "{bad}");
    }
    assert!(is_allowed_variable("TOOL_HOME") && is_allowed_variable("FOO"));
    assert!(matches!(run_text("true", &[("LD_PRELOAD", "x")], 5), Err(ScriptError::Variable { .. })));
}

#[test]
fn a_script_that_hangs_ends_with_everything_it_started() {
    let begun = Instant::now();
    let error = run_text("sleep 60 & sleep 60", &[], 1).unwrap_err();
    assert!(matches!(error, ScriptError::Timeout { .. }), "{error}");
    // One that leaves something behind does not hold anybody up either.
    assert_eq!(run_text("sleep 60 & echo done", &[], 20).unwrap(), "done\n");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn failures_show_the_end_of_the_output_and_other_texts_do_not_run() {
    let error = run_text("echo no\u{1b}[2J good >&2; exit 3", &[], 20).unwrap_err();
    assert!(error.to_string().contains("3: no\\u{1b}[2J good"), "{error}");
    let home = tempfile::tempdir().unwrap();
    let script = planned_text("true", &settings(5)).unwrap();
    let (version, env) = ("1".parse().unwrap(), BTreeMap::new());
    let scene = Scene { directory: home.path(), version: &version, env: &env, settings: &settings(5) };
    assert!(matches!(run(&script, Sha256::of(b"other"), &scene, &|| {}), Err(ScriptError::Changed)));
}

#[test]
fn only_allowed_interpreters_run_files_of_the_package() {
    assert_eq!(interpreter("#!/usr/bin/env python3\n"), "python3");
    assert_eq!(interpreter("#! /bin/bash -e\n"), "bash");
    assert_eq!(interpreter("echo"), "sh");
    let home = tempfile::tempdir().unwrap();
    let root = Root::create(&home.path().join("r"), 0o755).unwrap();
    let mut file = root.create_file(&"a/setup".parse().unwrap(), 0o644).unwrap();
    std::io::Write::write_all(&mut file, b"#!/usr/bin/perl\n").unwrap();
    let refused = planned_file("a/setup", &root, &settings(5)).unwrap_err();
    assert_eq!(refused.kind(), Kind::ConfigInvalid);
    assert!(planned_file("../setup", &root, &settings(5)).is_err());
    assert!(planned_text(&"x".repeat(70_000), &settings(5)).is_err());
}
