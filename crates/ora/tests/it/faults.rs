//! Disks that are full, read-only or several, and surroundings that lack what programs expect.

use std::{path::Path, process::Command};

use ora_testkit::{Output, TestBed, forge, forge::Member};

use crate::{bed, works};

/// Mounts what `mount` says in a namespace of its own, with the folder as `$1`, and runs the binary there. Nothing where this
/// machine does not let a test do so, which is said.
fn in_namespace(bed: &TestBed, mount: &str, folder: &Path, words: &[&str]) -> Option<Output> {
    let script = format!("{mount} && shift && exec \"$@\"");
    if !works("unshare", &["-rm", "true"]) {
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script, "sh"]).arg(folder).arg(env!("CARGO_BIN_EXE_ora")).args(words);
    Some(bed.finish(bed.seal(&mut command)))
}

/// Bytes that no compression makes smaller.
fn filling(count: u32) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    (0..count)
        .flat_map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()
        })
        .collect()
}

fn with_archive() -> TestBed {
    let bed = bed();
    let archive =
        forge::tar_gz(&[Member::program("tool", forge::script("tool 1")), Member::file("filling", filling(1 << 20))]);
    bed.write("tool.tar.gz", archive);
    bed.write("tool.toml", "name = \"tool\"\nversion = \"1\"\nbinaries = [\"tool\"]\n");
    bed
}

const INSTALL: &[&str] = &["--json", "install", "--local", "tool.tar.gz", "--metadata", "tool.toml"];

/// A disk that is full is said to be full, and nothing half is left: neither an installation nor anything of its staging.
#[test]
fn a_full_disk() {
    let bed = with_archive();
    std::fs::create_dir_all(bed.data_dir()).unwrap();
    let mount = "mount -t tmpfs -o size=2m,mode=700 tmpfs \"$1\"";
    let Some(output) = in_namespace(&bed, mount, &bed.data_dir(), INSTALL) else { return };
    assert_eq!(output.status, 1, "{output}");
    assert!(output.stderr.contains("\"kind\":\"disk-full\""), "{output}");
    // What is left on that disk, seen before it goes.
    let look =
        format!("{mount} && {{ \"$2\" install --local tool.tar.gz --metadata tool.toml; find \"$1\" -name filling; }}");
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &look, "sh"]).arg(bed.data_dir()).arg(env!("CARGO_BIN_EXE_ora"));
    let left = bed.finish(bed.seal(&mut command));
    assert_eq!(left.stdout, "", "{left}");
    assert!(!bed.bin_dir().join("tool").exists());
    bed.ora(INSTALL).success();
    assert_eq!(bed.run("tool", &[]).success().stdout, "tool 1\n");
}

/// Where the audit record cannot be written, nothing is installed.
#[test]
fn no_record_no_install() {
    let bed = with_archive();
    bed.ora(["uninstall", "nothing"]).expect(3);
    std::fs::create_dir_all(bed.data_dir()).unwrap();
    let log = bed.data_dir().join("audit.log");
    std::fs::write(&log, "").unwrap();
    let Some(output) = in_namespace(&bed, "mount --bind /dev/full \"$1\"", &log, INSTALL) else { return };
    assert_ne!(output.status, 0, "{output}");
    assert!(!bed.bin_dir().join("tool").exists(), "{output}");
    bed.ora(INSTALL).success();
    bed.ora(["verify"]).success();
}

/// An index that cannot be written is worth a word at most.
#[test]
fn an_index_that_cannot_be_written() {
    let bed = with_archive();
    bed.ora(["cache", "list"]).success();
    std::fs::create_dir_all(bed.cache_dir()).unwrap();
    let index = bed.cache_dir().join("index.db");
    if !index.exists() {
        std::fs::write(&index, "").unwrap();
    }
    let Some(output) = in_namespace(&bed, "mount --bind /dev/full \"$1\"", &index, INSTALL) else { return };
    assert_eq!(output.status, 0, "{output}");
    assert_eq!(bed.run("tool", &[]).success().stdout, "tool 1\n");
}

/// Cache, data, commands and temporary files may each be on a disk of their own.
#[test]
fn several_disks() {
    let bed = with_archive();
    for folder in [bed.data_dir(), bed.cache_dir(), bed.bin_dir()] {
        std::fs::create_dir_all(folder).unwrap();
    }
    let one = |folder: &Path| format!("mount -t tmpfs -o size=32m,mode=700 tmpfs \"{}\"", folder.display());
    let mount = [bed.data_dir(), bed.cache_dir(), bed.bin_dir()].each_ref().map(|folder| one(folder)).join(" && ");
    let Some(output) = in_namespace(&bed, &mount, &bed.data_dir(), INSTALL) else { return };
    assert_eq!(output.status, 0, "{output}");
}

type Change<'c> = &'c dyn Fn(&mut Command);

/// Odd surroundings change no result.
#[test]
fn odd_surroundings() {
    let gone = bed().work().join("gone");
    let changes: [(&str, Change<'_>); 6] = [
        ("no temporary folder", &|command| _ = command.env("TMPDIR", "/nowhere")),
        ("no language", &|command| _ = command.env("LANG", "C").env("LC_ALL", "C")),
        ("one column", &|command| _ = command.env("COLUMNS", "1").env("TERM", "dumb")),
        ("an unknown terminal", &|command| _ = command.env("TERM", "nonsense")),
        ("no PATH", &|command| _ = command.env_remove("PATH")),
        ("nothing but HOME", &|command| _ = command.env_remove("LANG").env("PATH", "")),
    ];
    for (what, change) in changes {
        let bed = with_archive();
        bed.ora_with(INSTALL, |command| change(command)).success();
        let list = bed.ora_with(["list", "--json"], |command| change(command)).success().json();
        assert_eq!(list[0]["version"], "1", "{what}");
        bed.ora_with(["verify"], |command| change(command)).success();
        assert_eq!(bed.run("tool", &[]).success().stdout, "tool 1\n", "{what}");
    }
    // A working directory that was deleted under the shell's feet.
    let bed = with_archive();
    bed.ora(INSTALL).success();
    let script =
        format!("mkdir {0} && cd {0} && rmdir {0} && exec {1} list", gone.display(), env!("CARGO_BIN_EXE_ora"));
    std::fs::create_dir_all(gone.parent().unwrap()).unwrap();
    let mut command = Command::new("sh");
    let listed = bed.finish(bed.seal(command.args(["-c", &script])));
    assert!(listed.success().stdout.contains("tool"));
}

/// Whatever the mask, what Ora makes is private, and programs can be run.
#[test]
fn any_mask() {
    use std::os::unix::fs::PermissionsExt as _;
    for mask in ["000", "077", "777"] {
        let bed = with_archive();
        let script = format!(
            "umask {mask} && exec {} install --local tool.tar.gz --metadata tool.toml",
            env!("CARGO_BIN_EXE_ora")
        );
        let mut command = Command::new("sh");
        bed.finish(bed.seal(command.args(["-c", &script]))).success();
        assert_eq!(bed.run("tool", &[]).success().stdout, "tool 1\n", "{mask}");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&bed.data_dir().join("packages/tool/1/tool")), 0o755, "{mask}");
        assert_eq!(mode(&bed.data_dir().join("audit.log")), 0o600, "{mask}");
        bed.ora(["verify"]).success();
    }
}
