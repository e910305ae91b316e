//! Git repositories made for one test, with whatever entries it wants.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// An entry of a commit's tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TreeEntry {
    /// A regular file.
    File(String, Vec<u8>),
    /// An executable file.
    Program(String, Vec<u8>),
    /// A symbolic link with this target.
    Link(String, String),
    /// A submodule at a commit that need not exist.
    Module(String),
}

impl TreeEntry {
    /// A regular file with this text.
    pub fn text(path: &str, text: &str) -> Self {
        Self::File(path.to_owned(), text.as_bytes().to_vec())
    }
}

/// A bare repository, written by `git fast-import` so that no working tree, hook or checkout is involved. The n-th commit
/// is dated n minutes after 2023-11-14T22:13:20Z.
pub struct GitRepository {
    directory: PathBuf,
    commits: std::cell::Cell<i64>,
}

impl GitRepository {
    /// A new empty bare repository at `directory`, with the default branch `main`.
    pub fn create(directory: &Path) -> Self {
        let repository = Self { directory: directory.to_owned(), commits: std::cell::Cell::new(0) };
        std::fs::create_dir_all(directory).unwrap();
        repository.git(&["init", "--quiet", "--bare", "--initial-branch=main", "."], b"");
        // Shallow and partial fetches are what a forge offers.
        repository.git(&["config", "uploadpack.allowFilter", "true"], b"");
        repository.git(&["config", "uploadpack.allowAnySHA1InWant", "true"], b"");
        repository
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its `file` URL.
    pub fn url(&self) -> String {
        format!("file://{}", self.directory.display())
    }

    /// Commits exactly these entries on `main`, on top of what is there; returns the commit.
    pub fn commit(&self, entries: &[TreeEntry]) -> String {
        self.commit_on("main", entries, true)
    }

    /// Commits text files on `main`: pairs of path and text.
    pub fn commit_texts<'a>(&self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let entries: Vec<TreeEntry> = files.into_iter().map(|(path, text)| TreeEntry::text(path, text)).collect();
        self.commit(&entries)
    }

    /// Commits on a branch, `continued` from its tip or as the first commit of an unrelated history.
    pub fn commit_on(&self, branch: &str, entries: &[TreeEntry], continued: bool) -> String {
        let number = self.commits.get() + 1;
        self.commits.set(number);
        let when = 1_700_000_000 + 60 * number;
        let mut stream = Vec::new();
        let parent = self.tip(branch).filter(|_| continued);
        let mut head = format!("commit refs/heads/{branch}\ncommitter Test <test@localhost> {when} +0000\n");
        let message = format!("commit {number}");
        let _ = write!(head, "data {}\n{message}\n", message.len());
        match parent {
            Some(parent) => {
                let _ = writeln!(head, "from {parent}");
            }
            None if !continued => {
                stream.extend_from_slice(format!("reset refs/heads/{branch}\n").as_bytes());
            }
            None => {}
        }
        stream.extend_from_slice(head.as_bytes());
        stream.extend_from_slice(b"deleteall\n");
        for entry in entries {
            let (mode, path, content): (&str, &str, &[u8]) = match entry {
                TreeEntry::File(path, content) => ("100644", path, content),
                TreeEntry::Program(path, content) => ("100755", path, content),
                TreeEntry::Link(path, target) => ("120000", path, target.as_bytes()),
                TreeEntry::Module(path) => {
                    let line = format!("M 160000 {} {}\n", "1".repeat(40), quoted(path));
                    stream.extend_from_slice(line.as_bytes());
                    continue;
                }
            };
            stream.extend_from_slice(format!("M {mode} inline {}\ndata {}\n", quoted(path), content.len()).as_bytes());
            stream.extend_from_slice(content);
            stream.push(b'\n');
        }
        stream.extend_from_slice(b"\ndone\n");
        self.git(&["fast-import", "--quiet", "--force", "--done"], &stream);
        self.tip(branch).expect("the commit just made")
    }

    /// Moves a branch to any commit, as a force-push does.
    pub fn force(&self, branch: &str, commit: &str) {
        self.git(&["update-ref", &format!("refs/heads/{branch}"), commit], b"");
    }

    /// Makes another branch the default one.
    pub fn set_default(&self, branch: &str) {
        self.git(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")], b"");
    }

    /// Sets a key of the repository's own configuration.
    pub fn configure(&self, key: &str, value: &str) {
        self.git(&["config", key, value], b"");
    }

    /// Writes the lists that let git read the repository from a server of plain files.
    pub fn update_server_info(&self) {
        self.git(&["repack", "--quiet", "-a", "-d"], b"");
        self.git(&["update-server-info"], b"");
    }

    /// The commit at the tip of a branch.
    pub fn tip(&self, branch: &str) -> Option<String> {
        let path = self.directory.join("refs/heads").join(branch);
        std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
    }

    fn git(&self, arguments: &[&str], input: &[u8]) {
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("HOME", &self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the git program");
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn quoted(path: &str) -> String {
    let mut out = String::from("\"");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_follow_one_another_and_branches_can_be_forced() {
        let directory = tempfile::tempdir().unwrap();
        let repository = GitRepository::create(&directory.path().join("r.git"));
        let first = repository.commit_texts([("packages/a.repo", "name = \"a\"\n")]);
        let second = repository.commit(&[TreeEntry::Link("x".into(), "y".into()), TreeEntry::Module("sub".into())]);
        assert_ne!(first, second);
        repository.force("main", &first);
        assert_eq!(repository.tip("main"), Some(first));
        let other = repository.commit_on("main", &[TreeEntry::text("z\r", "1")], false);
        assert_eq!(repository.tip("main"), Some(other));
    }
}
