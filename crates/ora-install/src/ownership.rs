//! Whose directories a run may write to.

use crate::error::InstallError;

/// What root finds in front of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The effective user.
    pub user: u32,
    /// The owner of the home directory below which Ora's own directories lie.
    pub home_owner: u32,
    /// The user that `sudo` was run by (`SUDO_UID`), where it was.
    pub sudo_by: Option<u32>,
}

/// Refuses to leave root's files in the home directory of the user who ran `sudo`: that user could neither change nor
/// remove them. A home of somebody else without `sudo`, as containers have it, is only said: the returned notice.
pub fn check(identity: Identity) -> Result<Option<String>, InstallError> {
    let Identity { user, home_owner, sudo_by } = identity;
    if user != 0 || home_owner == 0 {
        return Ok(None);
    }
    if sudo_by.is_some_and(|by| by != 0) {
        return Err(InstallError::ForeignHome { owner: home_owner });
    }
    Ok(Some(format!(
        "running as root with the home directory of user {home_owner}: what is installed there will be root's"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_leaves_nothing_in_the_home_of_who_ran_sudo() {
        let identity = |user, home_owner, sudo_by| Identity { user, home_owner, sudo_by };
        assert_eq!(check(identity(1000, 1000, None)).unwrap(), None);
        assert_eq!(check(identity(0, 0, Some(1000))).unwrap(), None);
        assert_eq!(check(identity(1000, 0, None)).unwrap(), None);
        assert!(matches!(check(identity(0, 1000, Some(1000))), Err(InstallError::ForeignHome { owner: 1000 })));
        assert!(check(identity(0, 1000, None)).unwrap().is_some());
    }
}
