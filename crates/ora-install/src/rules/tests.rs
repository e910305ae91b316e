use ora_core::Sha256;
use ora_schema::release::CommandRule;

use super::*;

/// `x:` in front = executable, `l:` = link with `->`, `d:` = empty directory, else a plain file.
fn entries(list: &[&str]) -> Vec<InstalledFile> {
    let one = |text: &&str| {
        let file = |mode| FileKind::File { mode, size: 1, sha256: Sha256::of(text.as_bytes()) };
        let (path, kind) = match text.split_at_checked(2) {
            Some(("x:", path)) => (path, file(0o755)),
            Some(("d:", path)) => (path, FileKind::Directory { mode: 0o755 }),
            Some(("l:", link)) => {
                let (path, target) = link.split_once("->").unwrap();
                (path, FileKind::Link { target: target.into() })
            }
            _ => (*text, file(0o644)),
        };
        InstalledFile { path: path.parse().unwrap(), kind }
    };
    list.iter().map(one).collect()
}

fn rules(binaries: &[&str]) -> Rules {
    let commands = binaries.iter().map(|src| CommandRule { link: None, src: (*src).into() }).collect();
    Rules { commands, ..Rules::default() }
}

fn applied(rules: &Rules, shape: Shape, list: &[&str]) -> Result<Selection, RuleError> {
    let entries = entries(list);
    let tree = Tree { entries: &entries, shape, executables_by_content: &[] };
    apply(rules, &tree, &"group/tool".parse().unwrap(), "linux-x86_64".parse().unwrap())
}

/// `name=target` of every command, or the error.
fn commands(rules: &Rules, shape: Shape, list: &[&str]) -> String {
    match applied(rules, shape, list) {
        Ok(selection) => {
            let one = |command: &Command| format!("{}={}", command.name, command.target);
            selection.commands.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        Err(error) => error.to_string(),
    }
}

fn copies(rules: &Rules, list: &[&str]) -> String {
    match applied(rules, Shape::Archive, list) {
        Ok(selection) => {
            let one = |copy: &Copied| format!("{}>{}", copy.from, copy.to);
            selection.copies.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn binaries_of_archives() {
    let cases: &[(&[&str], &[&str], &str)] = &[
        // Literal paths, globs, and what a star does not cross.
        (&["bin/tool"], &["x:bin/tool", "x:other"], "tool=bin/tool"),
        (&["./bin//tool"], &["x:bin/tool"], "tool=bin/tool"),
        (&["tool-*/tool"], &["x:tool-1.0/tool", "x:tool-1.0/sub/tool"], "tool=tool-1.0/tool"),
        (&["*/tool"], &["x:a/b/tool"], "`binaries` names `*/tool`, which is not in the archive (there are `a/b/tool`)"),
        (&["**/tool"], &["x:a/b/tool"], "tool=a/b/tool"),
        (&["**/tool"], &["x:tool"], "tool=tool"),
        (&["?ool"], &["x:tool"], "tool=tool"),
        (&["[t]ool"], &["x:tool"], "tool=tool"),
        (
            &["Tool"],
            &["x:tool", "x:other"],
            "`binaries` names `Tool`, which is not in the archive (there are `tool`, `other`)",
        ),
        (&["*"], &["x:.hidden"], "`.hidden` is no name for a command"),
        (&["{a,b}*"], &["x:{a,b}tool"], "{a,b}tool={a,b}tool"),
        // Several matches: executables, then the shallowest, then byte order.
        (&["**/tool*"], &["tool.txt", "x:b/tool", "x:a/tool", "x:a/b/tool"], "tool=a/tool"),
        (&["**/t*"], &["x:a/t2", "x:a/t1"], "t1=a/t1"),
        // Links inside the tree lead to what they lead to.
        (&["n/bin/npm"], &["l:n/bin/npm->../lib/npm.js", "x:n/lib/npm.js"], "npm=n/bin/npm"),
        (&["cur/tool"], &["l:cur->v1", "x:v1/tool"], "tool=v1/tool"),
        (
            &["tool"],
            &["l:tool->nowhere", "x:a", "x:b"],
            "`binaries` names `tool`, which is not in the archive (there are `a`, `b`)",
        ),
        (&["tool"], &["d:tool", "x:bin/tool", "x:b"], "tool=bin/tool"),
        // A literal that is not there.
        (&["tool"], &["x:a/tool", "x:b"], "tool=a/tool"),
        (&["bin/tool"], &["x:a/bin/tool", "x:tool"], "tool=a/bin/tool"),
        (&["upstream"], &["x:a/real-name", "README"], "upstream=a/real-name"),
        (
            &["tool"],
            &["x:a/tool", "x:b/tool"],
            "`binaries` does not say which file `tool` is (there are `a/tool`, `b/tool`)",
        ),
        (
            &["one", "two"],
            &["x:a/real-name"],
            "`binaries` names `one`, which is not in the archive (there are `a/real-name`)",
        ),
        // None named.
        (&[], &["x:a/prog", "README"], "prog=a/prog"),
        (&[], &["x:a/tool", "x:a/other"], "tool=a/tool"),
        (&[], &["x:a", "x:b"], "`binaries` does not say which file `tool` is (there are `a`, `b`)"),
        (&[], &["README"], "`binaries` names `tool`, which is not in the archive"),
        // Twice the same is once; two for one name are none.
        (&["tool", "*"], &["x:tool"], "tool=tool"),
        (&["a/tool", "b/tool"], &["x:a/tool", "x:b/tool"], "two files want the name `tool`"),
        // Out of the package.
        (&["../tool"], &["x:tool"], "`binaries` has a path that may not be used"),
        (&["/bin/sh"], &["x:tool"], "`binaries` has a path that may not be used"),
        (&["**/../../tool"], &["x:tool"], "`binaries` has a path that may not be used"),
    ];
    for (binaries, list, expected) in cases {
        assert_eq!(commands(&rules(binaries), Shape::Archive, list), *expected, "{binaries:?} in {list:?}");
    }
}

#[test]
fn names_of_links() {
    let renamed = |pairs: &[(&str, &str)], binaries: &[&str]| Rules {
        rename: pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
        ..rules(binaries)
    };
    let list = ["x:a/tool-linux-amd64", "x:a/other"];
    let archive = |rules: &Rules| commands(rules, Shape::Archive, &list);
    assert_eq!(archive(&renamed(&[("tool-linux-amd64", "t")], &["a/tool*"])), "t=a/tool-linux-amd64");
    assert_eq!(
        archive(&renamed(&[("x", "y"), ("tool-*", "t"), ("*", "z")], &["a/tool*", "a/other"])),
        "t=a/tool-linux-amd64 z=a/other"
    );
    assert_eq!(archive(&renamed(&[("a/*", "t")], &["a/tool*"])), "t=a/tool-linux-amd64");
    for bad in ["../sh", "a/b", "", "-rf", ".profile", "a\nb", "."] {
        let refused = applied(&renamed(&[("tool-*", bad)], &["a/tool*"]), Shape::Archive, &list).unwrap_err();
        assert_eq!(refused, RuleError::CommandName { name: bad.into() });
    }
    let fixed = Rules { commands: vec![CommandRule { link: Some("t".into()), src: "a/*".into() }], ..Rules::default() };
    assert_eq!(archive(&fixed), "t=a/other");
}

#[test]
fn single_files() {
    for (binaries, rename, expected) in [
        (&["jq"][..], None, "jq=jq-linux-amd64"),
        (&["bin/jq"], None, "jq=jq-linux-amd64"),
        (&["jq-*"], None, "tool=jq-linux-amd64"),
        (&[], None, "tool=jq-linux-amd64"),
        (&["jq"], Some(("jq-*", "q")), "q=jq-linux-amd64"),
        (&["jq"], Some(("other", "q")), "jq=jq-linux-amd64"),
    ] {
        let rename: Vec<_> = rename.into_iter().map(|(a, b): (&str, &str)| (a.into(), b.into())).collect();
        for direct in [None, Some(true), Some(false)] {
            let rules = Rules { rename: rename.clone(), direct_binary: direct, ..rules(binaries) };
            for shape in [Shape::Bare, Shape::CompressedFile] {
                assert_eq!(commands(&rules, shape, &["jq-linux-amd64"]), expected, "{binaries:?}");
            }
        }
    }
    let direct = Rules { direct_binary: Some(true), ..rules(&["tool"]) };
    assert_eq!(applied(&direct, Shape::Archive, &["x:tool"]), Err(RuleError::NoExecutable));
    assert_eq!(applied(&rules(&[]), Shape::Bare, &["jq"]).unwrap().made_executable.len(), 1);
}

#[test]
fn execute_bits() {
    let given = applied(&rules(&["tool", "script"]), Shape::Archive, &["tool", "l:script->tool", "x:other"]).unwrap();
    assert_eq!(given.made_executable.iter().map(EntryPath::as_str).collect::<Vec<_>>(), ["tool"]);
    assert!(applied(&rules(&["tool"]), Shape::Archive, &["x:tool"]).unwrap().made_executable.is_empty());
    // A zip without modes: the content tells.
    let entries = entries(&["a/prog.exe", "a/readme"]);
    let found = ["a/prog.exe".parse().unwrap()];
    let tree = Tree { entries: &entries, shape: Shape::Archive, executables_by_content: &found };
    let selection = apply(&rules(&[]), &tree, &"tool".parse().unwrap(), "linux-x86_64".parse().unwrap()).unwrap();
    assert_eq!((selection.commands.len(), selection.made_executable.len()), (1, 1));
    let windows =
        apply(&rules(&["a/prog"]), &tree, &"tool".parse().unwrap(), "windows-x86_64".parse().unwrap()).unwrap();
    assert_eq!(windows.commands[0].name, "prog.exe");
}

#[test]
fn files_are_copied_inside_and_nowhere_else() {
    let list = ["x:t-1/tool", "t-1/complete/_tool", "t-1/complete/tool.fish", "t-1/doc/tool.1", "t-1/README"];
    for (src, dst, expected) in [
        (
            "t-*/complete/*",
            "completions/",
            "t-1/complete/_tool>completions/_tool t-1/complete/tool.fish>completions/tool.fish",
        ),
        ("t-*/complete/*", "one", "t-1/complete/_tool>one"),
        ("t-1/README", "doc/readme.md", "t-1/README>doc/readme.md"),
        ("README", "./", "t-1/README>README"),
        ("README", "", "t-1/README>README"),
        ("t-1/tool", "t-1/tool", ""),
        ("t-1/none", "x", "`files` names `t-1/none`, which is not in the archive"),
        ("t-1/*.txt", "x/", "`files` names `t-1/*.txt`, which is not in the archive"),
        ("t-1/README", "t-1/tool", "two files want the name `t-1/tool`"),
        ("t-1/README", "t-1", "two files want the name `t-1`"),
        ("t-1/README", "t-1/tool/x", "two files want the name `t-1/tool/x`"),
        ("t-1/README", "../x", "`files.dst` has a path that may not be used"),
        ("t-1/README", "/etc/x", "`files.dst` has a path that may not be used"),
        ("t-1/README", "a/../../x", "`files.dst` has a path that may not be used"),
        ("../x", "y", "`files.src` has a path that may not be used"),
    ] {
        let rules = Rules { files: vec![(src.into(), dst.into())], ..Rules::default() };
        assert_eq!(copies(&rules, &list), expected, "{src} to {dst}");
    }
    // Files alone are enough: then nothing is linked.
    let rules = Rules { files: vec![("README".into(), "doc/".into())], ..Rules::default() };
    assert!(applied(&rules, Shape::Archive, &["README", "x:a", "x:b"]).unwrap().commands.is_empty());
}

#[test]
fn completions_and_manual_pages_have_their_folders() {
    let list = ["x:tool", "c/bash/tool", "c/fish/tool", "doc/tool.1", "man/already.1"];
    let rules = Rules {
        completions: vec!["c/*/tool".into(), "none/*".into()],
        man_pages: vec!["doc/*.1".into(), "man/*".into()],
        ..rules(&["tool"])
    };
    let selection = applied(&rules, Shape::Archive, &list).unwrap();
    let copies: Vec<_> = selection.copies.iter().map(|c| format!("{}>{}", c.from, c.to)).collect();
    assert_eq!(copies, ["c/bash/tool>completions/tool", "c/fish/tool>completions/fish/tool", "doc/tool.1>man/tool.1"]);
    assert_eq!(selection.notes, ["no completions match `none/*`"]);
}
