//! Where Ora keeps things: the four directories, from the environment.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use ora_core::{Hint, Kind};
use ora_fs::layout::Dirs;

use crate::{
    env::{Environment, home_of},
    failure::Failure,
};

/// The directories of a user, all absolute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Places {
    /// The directories.
    pub dirs: Dirs,
    /// What the user should know about the choice.
    pub notice: Option<String>,
}

impl Places {
    /// Finds them: the variables of Ora, then those of the desktop, then the usual places below the home directory. Run by
    /// root with somebody else's home (sudo), root's own home is taken, so that no file there ends up owned by root.
    pub fn of(environment: &Environment) -> Result<Self, Failure> {
        let home = Home::of(environment);
        let support = "Library/Application Support";
        let Environment { config_dir, data_dir, cache_dir, bin_dir, .. } = environment;
        let own = [config_dir.as_ref(), data_dir.as_ref(), cache_dir.as_ref(), bin_dir.as_ref()];
        let dirs = Dirs {
            config: home.place(own[0], environment.xdg_config_home.as_deref(), Some(support), ".config/ora")?,
            data: home.place(own[1], environment.xdg_data_home.as_deref(), Some(support), ".local/share/ora")?,
            cache: home.place(own[2], environment.xdg_cache_home.as_deref(), Some("Library/Caches"), ".cache/ora")?,
            bin: home.place(own[3], None, None, ".local/bin")?,
        };
        Ok(Self { dirs, notice: home.notice.filter(|_| own.iter().any(Option::is_none)) })
    }
}

struct Home {
    path: Option<PathBuf>,
    notice: Option<String>,
}

impl Home {
    fn of(environment: &Environment) -> Self {
        let path = environment.home_directory();
        if !rustix::process::geteuid().is_root() {
            return Self { path, notice: None };
        }
        let owner = path.as_deref().and_then(owner);
        Self::for_root(path, owner, home_of(0))
    }

    /// Ora's own variable, an existing folder of an older Ora on macOS, the desktop's variable, the usual place.
    fn place(
        &self,
        own: Option<&PathBuf>,
        desktop: Option<&Path>,
        library: Option<&str>,
        usual: &str,
    ) -> Result<PathBuf, Failure> {
        if let Some(own) = own {
            return std::path::absolute(own).map_err(|error| Failure::io("cannot use", own, &error));
        }
        let library = library.filter(|_| cfg!(target_os = "macos"));
        if let Some(old) = library.and_then(|library| Some(self.path.as_ref()?.join(library).join("ora")))
            && old.is_dir()
        {
            return Ok(old);
        }
        match (desktop, &self.path) {
            // With somebody else's home, the desktop's variables are somebody else's too.
            (Some(desktop), _) if self.notice.is_none() => Ok(desktop.join("ora")),
            (_, Some(home)) => Ok(home.join(usual)),
            (_, None) => Err(no_home()),
        }
    }

    fn for_root(path: Option<PathBuf>, owner: Option<u32>, roots_own: Option<PathBuf>) -> Self {
        match (path, owner, roots_own) {
            (Some(path), Some(owner), Some(own)) if owner != 0 && own != path => {
                let notice = format!(
                    "this is root with the home of another user (`{}`): using root's own, `{}`",
                    path.display(),
                    own.display()
                );
                Self { path: Some(own), notice: Some(notice) }
            }
            (path, ..) => Self { path, notice: None },
        }
    }
}

fn owner(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|metadata| metadata.uid())
}

fn no_home() -> Failure {
    Failure::new(Kind::ConfigInvalid, "there is no home directory to keep anything in")
        .with_hint(Hint::note("set `HOME`, or `ORA_CONFIG_DIR`, `ORA_DATA_DIR`, `ORA_CACHE_DIR` and `ORA_BIN_DIR`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(path: &str) -> Environment {
        Environment { home: Some(path.into()), ..Environment::default() }
    }

    #[test]
    fn the_usual_places_and_their_variables() {
        let mut environment = home("/nowhere/ada");
        environment.xdg_config_home = Some("/nowhere/cfg".into());
        environment.cache_dir = Some("/nowhere/c".into());
        let places = Places::of(&environment).unwrap();
        assert_eq!(places.dirs.config, Path::new("/nowhere/cfg/ora"));
        assert_eq!(places.dirs.data, Path::new("/nowhere/ada/.local/share/ora"));
        assert_eq!(places.dirs.cache, Path::new("/nowhere/c"));
        assert_eq!(places.dirs.bin, Path::new("/nowhere/ada/.local/bin"));
        assert_eq!(places.notice, None);
    }

    #[test]
    fn a_relative_place_becomes_absolute() {
        let mut environment = home("/nowhere/ada");
        environment.data_dir = Some("here".into());
        assert!(Places::of(&environment).unwrap().dirs.data.is_absolute());
    }

    #[test]
    fn root_does_not_write_into_the_home_of_another() {
        let root = || Some(PathBuf::from("/root"));
        let borrowed = Home::for_root(Some("/home/ada".into()), Some(1000), root());
        assert_eq!(borrowed.path, root());
        assert!(borrowed.notice.unwrap().contains("/home/ada"));
        assert_eq!(Home::for_root(Some("/tmp/x".into()), Some(0), root()).path, Some("/tmp/x".into()));
        assert_eq!(Home::for_root(root(), Some(1000), root()).notice, None);
    }
}
