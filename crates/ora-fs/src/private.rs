//! Directories that belong to the user alone.

use std::{
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use crate::FsError;

/// The owner that a user namespace shows for everybody it does not know, root outside among them.
const NOBODY: u32 = 65534;

/// What [`check()`] found and did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checked {
    /// Nothing is there.
    Missing,
    /// The user's own, closed to others.
    Private,
    /// The user's own; others could read it, and no longer can.
    Narrowed,
    /// The user's own; others can read it. Only [`check_writers()`] leaves it at that.
    Readable,
    /// Not writable here or root's own, and nobody else can write it: good to read from.
    ReadOnly,
}

/// Makes a directory and those above it that are missing, each 0700 whatever the umask. One that exists stays as it is.
pub fn create_dir(path: &Path) -> Result<(), FsError> {
    create_with(path, 0o700)
}

/// Makes a directory and those above it that are missing, each 0755 whatever the umask. One that exists stays as it is.
pub fn create_public_dir(path: &Path) -> Result<(), FsError> {
    create_with(path, 0o755)
}

/// Whether a directory is safe to keep things in: the user's own, or root's to read from; not a link; not writable by
/// others, nor below a directory that others could rearrange. One of the user's own that others may merely read is
/// narrowed to 0700.
pub fn check(path: &Path) -> Result<Checked, FsError> {
    let checked = check_writers(path)?;
    if checked != Checked::Readable {
        return Ok(checked);
    }
    match std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)) {
        Ok(()) => Ok(Checked::Narrowed),
        // Merely readable on a medium that cannot be changed: nothing secret is ever written there.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Ok(Checked::ReadOnly),
        Err(error) => Err(FsError::io("chmod", path, error)),
    }
}

/// The same, for a directory that others may well read: it is left as it is.
pub fn check_writers(path: &Path) -> Result<Checked, FsError> {
    let data = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Checked::Missing),
        other => other.map_err(|e| FsError::io("read", path, e))?,
    };
    let me = rustix::process::geteuid().as_raw();
    let unsafe_here = |reason: String, fix: String| Err(FsError::Unsafe { path: path.into(), reason, fix });
    if data.is_symlink() {
        return unsafe_here("it is a link, which may come to point elsewhere".into(), format!("rm {}", quoted(path)));
    }
    if !data.is_dir() {
        return unsafe_here("it is no directory".into(), format!("rm {}", quoted(path)));
    }
    if data.uid() != me && data.uid() != 0 {
        let fix = format!("sudo chown -R \"$(id -u):$(id -g)\" {}", quoted(path));
        return unsafe_here(format!("it belongs to another user ({})", data.uid()), fix);
    }
    if data.mode() & 0o022 != 0 {
        return unsafe_here("other users can write to it".into(), format!("chmod go-rwx {}", quoted(path)));
    }
    check_above(path, me)?;
    if data.uid() != me {
        return Ok(Checked::ReadOnly);
    }
    // No bit of group or others is set.
    let closed = data.mode().trailing_zeros() >= 6;
    Ok(if closed { Checked::Private } else { Checked::Readable })
}

/// Makes a directory where it is missing and checks it where it is not.
pub fn ensure(path: &Path) -> Result<Checked, FsError> {
    match check(path)? {
        Checked::Missing => {
            create_dir(path)?;
            check(path)
        }
        checked => Ok(checked),
    }
}

/// Directories above: the user's own or root's, and not writable by others unless sticky.
fn check_above(path: &Path, me: u32) -> Result<(), FsError> {
    let real = path.canonicalize().map_err(|e| FsError::io("read", path, e))?;
    for above in real.ancestors().skip(1) {
        let data = above.metadata().map_err(|e| FsError::io("read", above, e))?;
        let refuse = |reason: String, fix: String| Err(FsError::Unsafe { path: above.into(), reason, fix });
        let sticky = data.mode() & 0o1000 != 0;
        if ![me, 0, NOBODY].contains(&data.uid()) && !sticky {
            let reason = format!("it belongs to another user ({}), who could replace what is in it", data.uid());
            return refuse(reason, format!("sudo chown \"$(id -u)\" {}", quoted(above)));
        }
        let world = data.mode() & 0o002 != 0;
        let group = data.mode() & 0o020 != 0 && !(data.uid() == me && is_own_group(data.gid()));
        if (world || group) && !sticky {
            let reason = "other users can write to it and so replace what is in it".to_owned();
            return refuse(reason, format!("chmod go-w {}", quoted(above)));
        }
    }
    Ok(())
}

/// Whether a group has no member but this user, as the private groups of many systems do. Where that cannot be seen
/// (directory services) the answer is no.
fn is_own_group(gid: u32) -> bool {
    let me = rustix::process::geteuid().as_raw().to_string();
    let gid = gid.to_string();
    let (Ok(users), Ok(groups)) = (std::fs::read_to_string("/etc/passwd"), std::fs::read_to_string("/etc/group"))
    else {
        return false;
    };
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let users: Vec<_> = users.lines().map(fields).filter(|f| f.len() > 3).collect();
    let Some(name) = users.iter().find(|f| f[2] == me).map(|f| f[0].clone()) else { return false };
    let Some(group) = groups.lines().map(fields).find(|f| f.len() > 3 && f[2] == gid) else { return false };
    users.iter().filter(|f| f[3] == gid).all(|f| f[2] == me)
        && group[3].split(',').all(|member| member.is_empty() || member == name)
}

fn create_with(path: &Path, mode: u32) -> Result<(), FsError> {
    let mut missing: Vec<PathBuf> = Vec::new();
    for above in path.ancestors() {
        match above.metadata() {
            Ok(data) if data.is_dir() => break,
            Ok(_) => return Err(FsError::io("create", path, io::Error::from(io::ErrorKind::NotADirectory))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(above.into()),
            Err(error) => return Err(FsError::io("create", above, error)),
        }
        if above.parent().is_none_or(|p| p.as_os_str().is_empty()) {
            break;
        }
    }
    for directory in missing.iter().rev() {
        match std::fs::DirBuilder::new().mode(mode).create(directory) {
            Ok(()) => {}
            // Made by another process meanwhile, or a dangling link, which the next step refuses.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => continue,
            Err(error) => return Err(FsError::io("create", directory, error)),
        }
        let data = directory.metadata().map_err(|e| FsError::io("read", directory, e))?;
        if data.mode() & 0o7777 != mode {
            let exact = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(directory, exact).map_err(|e| FsError::io("chmod", directory, e))?;
        }
    }
    Ok(())
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = ora_core::Untrusted(&path.to_string_lossy()).to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%=:,".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn directories_are_made_closed_and_narrowed_where_only_readable() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b");
        create_dir(&deep).unwrap();
        create_dir(&deep).unwrap();
        assert_eq!(home.path().join("a").metadata().unwrap().mode() & 0o777, 0o700);
        assert_eq!(check(&deep).unwrap(), Checked::Private);
        set_mode(&deep, 0o755);
        assert_eq!(check_writers(&deep).unwrap(), Checked::Readable);
        assert_eq!(check(&deep).unwrap(), Checked::Narrowed);
        assert_eq!(deep.metadata().unwrap().mode() & 0o777, 0o700);
        assert_eq!(check(&home.path().join("none")).unwrap(), Checked::Missing);
        create_public_dir(&home.path().join("bin")).unwrap();
        assert_eq!(home.path().join("bin").metadata().unwrap().mode() & 0o777, 0o755);
    }

    #[test]
    fn what_others_can_write_is_refused_with_the_command_that_mends_it() {
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join("a/my cache");
        create_dir(&cache).unwrap();
        for mode in [0o770, 0o707, 0o777] {
            set_mode(&cache, mode);
            let Err(FsError::Unsafe { fix, .. }) = check(&cache) else { panic!("{mode:o} accepted") };
            assert_eq!(fix, format!("chmod go-rwx '{}'", cache.display()));
        }
        set_mode(&cache, 0o700);
        set_mode(&home.path().join("a"), 0o777);
        assert!(matches!(check(&cache), Err(FsError::Unsafe { path, .. }) if path.ends_with("a")));
        set_mode(&home.path().join("a"), 0o1777);
        assert_eq!(check(&cache).unwrap(), Checked::Private);
        std::os::unix::fs::symlink(&cache, home.path().join("link")).unwrap();
        assert!(matches!(check(&home.path().join("link")), Err(FsError::Unsafe { .. })));
    }
}
