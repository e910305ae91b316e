//! Bringing a bare repository up to date, and telling whether the new tip descends from the known one.

use std::path::Path;

use ora_core::{CommitId, GitRequest, GitTip, GitUrl, Kind, RemoteFailure, Timestamp, TlsOptions};

use super::{Bounds, Done, Objects, command, connected, damaged, route::Route, run};
use crate::{NetError, client::Client};

/// Where the fetched tip is kept.
const TIP: &str = "refs/ora/tip";

/// The most bytes of a commit object.
const MOST_COMMIT: u64 = 1 << 20;

/// Fetches a branch. A tip that is known already costs one look at the remote and nothing more.
pub(crate) fn fetch(client: &Client, request: &GitRequest<'_>) -> Result<GitTip, NetError> {
    if let Some(branch) = request.branch {
        check_branch(branch)?;
    }
    let made = !request.mirror.exists();
    ora_fs::private::create_dir(request.mirror).map_err(|error| NetError::Mirror(Box::new(error)))?;
    let tls = request.tls.cloned().unwrap_or_default();
    let outcome = Fetch::to(client, request, request.url, &tls).and_then(|fetch| fetch.whole());
    // Some servers only redirect to where the repository is.
    let outcome = match outcome {
        Err(error) if says_redirect(&error) => match Route::redirected(client, request.url, &tls)? {
            Some(url) => Fetch::to(client, request, &url, &tls).and_then(|fetch| fetch.whole()),
            None => Err(error),
        },
        other => other,
    };
    // What was cut off is of no use, and takes room; a mirror is only ever a copy.
    let broken = matches!(outcome, Err(NetError::Limit { .. } | NetError::Timeout { .. }));
    if broken || (made && outcome.is_err()) {
        discard(request.mirror)?;
    }
    outcome
}

fn says_redirect(error: &NetError) -> bool {
    let codes = ["error: 301", "error: 302", "error: 303", "error: 307", "error: 308"];
    matches!(error, NetError::Git { message, .. } if codes.iter().any(|code| message.contains(code)))
}

/// A branch name that is a name, whatever it is put into.
fn check_branch(branch: &str) -> Result<(), NetError> {
    let bad = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let odd = branch.is_empty()
        || branch.starts_with(['-', '/', '.'])
        || branch.ends_with(['/', '.'])
        || ["..", "@{", "//"].iter().any(|part| branch.contains(part))
        || branch.contains(bad);
    if odd { Err(NetError::Setting("the branch has an impossible name".to_owned())) } else { Ok(()) }
}

fn discard(mirror: &Path) -> Result<(), NetError> {
    ora_fs::rooted::Root::remove_tree(mirror).map_err(|error| NetError::Mirror(Box::new(error)))
}

struct Fetch<'f> {
    client: &'f Client,
    request: &'f GitRequest<'f>,
    route: Route,
}

/// The remote's answer to where its branch is.
struct Advertised {
    commit: CommitId,
    branch: String,
    reference: String,
}

impl<'f> Fetch<'f> {
    fn to(client: &'f Client, request: &'f GitRequest<'f>, url: &GitUrl, tls: &TlsOptions) -> Result<Self, NetError> {
        Ok(Self { client, request, route: Route::to(client, url, tls, request.mirror)? })
    }

    fn whole(&self) -> Result<GitTip, NetError> {
        // Both questions at once: one goes to the network, the other to the disk.
        let (there, held) = std::thread::scope(|scope| {
            let held = scope.spawn(|| self.held());
            let there = self.look();
            (there, held.join().unwrap_or_else(|_| Err(damaged("a thread broke off"))))
        });
        let there = there?;
        // A mirror that cannot be read is made anew.
        let known = held.ok().flatten();
        if let (Some((id, time)), Some(wanted)) = (&known, self.request.known)
            && *id == there.commit
            && wanted == id
        {
            return Ok(GitTip { commit: id.clone(), time: *time, branch: there.branch, descends: true });
        }
        match self.bring(&there, known.is_some()) {
            // Perhaps the mirror was damaged, or another fetch left a lock when it was killed.
            Err(NetError::Git { failure: RemoteFailure::Refused(Kind::Other), .. }) if known.is_some() => {
                self.bring(&there, false)
            }
            other => other,
        }
    }

    /// The known commit and its time, if the mirror has it.
    fn held(&self) -> Result<Option<(CommitId, Timestamp)>, NetError> {
        match self.request.known {
            Some(known) if self.request.mirror.join("HEAD").exists() => self.commit(known.as_str()),
            _ => Ok(None),
        }
    }

    fn commit(&self, name: &str) -> Result<Option<(CommitId, Timestamp)>, NetError> {
        let mut objects = Objects::open(&self.client.dialer.config, self.request.mirror)?;
        let Some((id, kind, content)) = objects.get(name, MOST_COMMIT)? else { return Ok(None) };
        if kind != "commit" {
            return Err(damaged("the tip is no commit"));
        }
        let id = id.parse().map_err(|error: String| damaged(&error))?;
        let time = committed(&content).ok_or_else(|| damaged("the commit has no time"))?;
        Ok(Some((id, time)))
    }

    /// Asks the remote where the branch is.
    fn look(&self) -> Result<Advertised, NetError> {
        let wanted = self.request.branch.map(|branch| format!("refs/heads/{branch}"));
        let asked = wanted.as_deref().unwrap_or("HEAD");
        let done = self.remote(None, &["ls-remote", "--symref", "--", &self.route.url, asked])?;
        if !done.is_success() {
            return Err(done.error());
        }
        let text = String::from_utf8_lossy(&done.answer);
        let mut branch = self.request.branch.unwrap_or("HEAD").to_owned();
        let mut commit = None;
        for (left, _) in text.lines().filter_map(|line| line.split_once('\t')).filter(|(_, name)| *name == asked) {
            match left.strip_prefix("ref: refs/heads/") {
                Some(name) => name.clone_into(&mut branch),
                None => commit = left.parse().ok().or(commit),
            }
        }
        let reference = if branch == "HEAD" { branch.clone() } else { format!("refs/heads/{branch}") };
        if branch != "HEAD" {
            // A remote may name anything as its default branch.
            check_branch(&branch)?;
        }
        let missing = || NetError::Git {
            message: format!("the repository has no branch `{branch}`"),
            failure: RemoteFailure::Refused(Kind::NotFound),
        };
        let commit = commit.ok_or_else(missing)?;
        Ok(Advertised { commit, branch, reference })
    }

    /// Brings the tip, and of its history what proves descent from the known commit, as far as that can be had.
    fn bring(&self, there: &Advertised, continues: bool) -> Result<GitTip, NetError> {
        let known = self.request.known.filter(|known| **known != there.commit);
        if continues {
            // The known commit is there with no gap up to the last tip, so a plain fetch keeps it so.
            self.pull(&there.reference, TIP, false)?;
        } else {
            self.begin(there.commit.as_str().len())?;
            match known {
                None => self.pull(&there.reference, TIP, true)?,
                Some(known) => self.bridge(there, known)?,
            }
        }
        let (commit, time) = self.commit(TIP)?.ok_or_else(|| damaged("nothing came"))?;
        let descends = match self.request.known {
            Some(known) if *known != commit => self.descends(known, &commit)?,
            _ => true,
        };
        Ok(GitTip { commit, time, branch: there.branch.clone(), descends })
    }

    /// The known commit without its past, and the tip with everything since; else the whole past; else only the tip, from
    /// which nothing can be proved.
    fn bridge(&self, there: &Advertised, known: &CommitId) -> Result<(), NetError> {
        if self.pull(known.as_str(), "refs/ora/known", true).is_err() {
            self.begin(there.commit.as_str().len())?;
        }
        match self.pull(&there.reference, TIP, false) {
            Err(NetError::Limit { .. }) => {
                self.begin(there.commit.as_str().len())?;
                self.pull(&there.reference, TIP, true)
            }
            other => other,
        }
    }

    /// Makes an empty bare repository, in place of whatever was there.
    fn begin(&self, id_length: usize) -> Result<(), NetError> {
        let mirror = self.request.mirror;
        let authorities = mirror.join("ora-authorities.pem");
        let kept = std::fs::read(&authorities).ok();
        discard(mirror)?;
        let failed = |error| NetError::Mirror(Box::new(error));
        ora_fs::private::create_dir(mirror).map_err(failed)?;
        if let Some(kept) = kept {
            ora_fs::atomic::write(&authorities, &kept, ora_fs::atomic::Mode::Private).map_err(failed)?;
        }
        let mut arguments = vec!["init", "--quiet", "--bare", "--template="];
        if id_length == 64 {
            arguments.push("--object-format=sha256");
        }
        let config = &self.client.dialer.config;
        let done = run(command(config, Some(mirror), &[], &arguments), config.git.timeout, None)?;
        if done.is_success() { Ok(()) } else { Err(done.error()) }
    }

    fn pull(&self, from: &str, to: &str, shallow: bool) -> Result<(), NetError> {
        let specification = format!("+{from}:{to}");
        let start = ["fetch", "--quiet", "--force", "--no-tags", "--no-recurse-submodules"];
        let end = ["--", &self.route.url, &specification];
        let depth = if shallow { "--depth=1" } else { "--update-shallow" };
        let arguments: Vec<&str> = start.into_iter().chain([depth]).chain(end).collect();
        let mut done = self.remote(Some(self.request.mirror), &arguments)?;
        if !done.is_success() && shallow && done.said.contains("does not support shallow") {
            let arguments: Vec<&str> = start.into_iter().chain(end).collect();
            done = self.remote(Some(self.request.mirror), &arguments)?;
        }
        if done.is_success() { Ok(()) } else { Err(done.error()) }
    }

    fn descends(&self, known: &CommitId, tip: &CommitId) -> Result<bool, NetError> {
        let config = &self.client.dialer.config;
        let arguments = ["merge-base", "--is-ancestor", known.as_str(), tip.as_str()];
        let done = run(command(config, Some(self.request.mirror), &[], &arguments), config.git.timeout, None)?;
        // 1 says no, anything else that it cannot be told.
        Ok(done.is_success())
    }

    fn remote(&self, mirror: Option<&Path>, arguments: &[&str]) -> Result<Done, NetError> {
        let config = &self.client.dialer.config;
        let mut command = command(config, mirror, &self.route.settings, arguments);
        connected(&mut command, config, &self.route.secrets);
        let most = self.request.max_size.min(config.git.max_repo_size);
        let bounds = Bounds { directory: self.request.mirror, most };
        run(command, self.request.timeout.min(config.git.timeout), mirror.is_some().then_some(bounds))
    }
}

/// The committer's time in a commit object.
fn committed(content: &[u8]) -> Option<Timestamp> {
    let head = content.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    let line = head.into_iter().find_map(|line| line.strip_prefix(b"committer "))?;
    let text = String::from_utf8_lossy(line);
    let mut words = text.rsplit(' ');
    let _zone = words.next()?;
    Some(Timestamp::from_seconds(words.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_names() {
        for good in ["main", "release/1.0", "a-b", "ä"] {
            assert!(check_branch(good).is_ok(), "{good}");
        }
        for bad in ["", "-u", "a:b", "a..b", "a b", "*", "a\nb", "/a", "a/", "@{1}"] {
            assert!(check_branch(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_of_commits() {
        let commit = b"tree 0\nauthor A <a> 1 +0000\ncommitter B C <b> 1700000000 +0200\n\ncommitter x 5 +0000\n";
        assert_eq!(committed(commit), Some(Timestamp::from_seconds(1_700_000_000)));
        assert_eq!(committed(b"tree 0\n\ncommitter x 5 +0000\n"), None);
    }
}
