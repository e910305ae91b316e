//! What the process is handed: its variables, arguments and working directory, read here and nowhere else.

#![expect(clippy::disallowed_methods, reason = "this file owns what `std::env` tells about the process")]

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
};

/// What the environment says. Empty variables count as absent; values that are not UTF-8 are listed as problems.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `ORA_CONFIG_DIR`.
    pub config_dir: Option<PathBuf>,
    /// `ORA_DATA_DIR`.
    pub data_dir: Option<PathBuf>,
    /// `ORA_CACHE_DIR`.
    pub cache_dir: Option<PathBuf>,
    /// `ORA_BIN_DIR`.
    pub bin_dir: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, where absolute.
    pub xdg_config_home: Option<PathBuf>,
    /// `XDG_DATA_HOME`, where absolute.
    pub xdg_data_home: Option<PathBuf>,
    /// `XDG_CACHE_HOME`, where absolute.
    pub xdg_cache_home: Option<PathBuf>,
    /// `HOME`, where absolute.
    pub home: Option<PathBuf>,
    /// `ORA_OFFLINE`, as written.
    pub offline: Option<String>,
    /// `GITHUB_TOKEN`.
    pub github_token: Option<Secret>,
    /// `GITLAB_TOKEN`.
    pub gitlab_token: Option<Secret>,
    /// `ORA_GITHUB_API_URL`: replaces the API base of github.com.
    pub github_api_url: Option<String>,
    /// `ORA_GITLAB_API_URL`: replaces the API base of gitlab.com.
    pub gitlab_api_url: Option<String>,
    /// The proxies.
    pub proxies: Proxies,
    /// `SSL_CERT_FILE`: certificate authorities in place of the platform's.
    pub ssl_cert_file: Option<PathBuf>,
    /// Whether `NO_COLOR` is set to anything.
    pub no_color: bool,
    /// `TERM`.
    pub term: Option<String>,
    /// `COLUMNS`, where it is a number.
    pub columns: Option<usize>,
    /// Whether `CI` is set to anything.
    pub ci: bool,
    /// `PATH`.
    pub path: Option<OsString>,
    /// `SHELL`: the user's shell.
    pub shell: Option<PathBuf>,
    /// What ssh needs when git calls it: `HOME`, `USER`, `LOGNAME`, `SSH_AUTH_SOCK`, as far as they are set.
    pub ssh: Vec<(String, OsString)>,
    /// `ORA_SECURITY_<SECTION>_<KEY>`: what stands behind the prefix, and the value.
    pub security: BTreeMap<String, String>,
    /// For tests of debug builds.
    pub test: TestHooks,
    /// Variables of Ora whose values are not UTF-8.
    pub unreadable: Vec<String>,
}

/// The proxies of the environment; their user names and passwords are secrets.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// `HTTPS_PROXY`, `https_proxy`.
    pub https: Option<Secret>,
    /// `http_proxy`; the upper-case form is ignored, because a CGI program's caller can set it.
    pub http: Option<Secret>,
    /// `ALL_PROXY`, `all_proxy`.
    pub all: Option<Secret>,
    /// `NO_PROXY`, `no_proxy`.
    pub none: Option<String>,
}

/// Variables that only debug builds read.
#[derive(Clone, Debug, Default)]
pub struct TestHooks {
    /// `ORA_TEST_CLOCK`: a moment (seconds since 1970, or RFC 3339) at which time stands still.
    pub clock: Option<String>,
    /// `ORA_CRASH_POINT`: the checkpoint at which to die, `name` or `name#3`.
    pub crash_point: Option<String>,
    /// `ORA_CRASH_RECORD`: a file to which the name of every checkpoint passed is added.
    pub crash_record: Option<PathBuf>,
}

/// A value that is never shown.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one who needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        Self::of(std::env::vars_os())
    }

    /// Reads the variables given.
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut reader = Reader::default();
        for (name, value) in variables {
            if let Ok(name) = name.into_string()
                && !value.is_empty()
            {
                reader.values.insert(name, value);
            }
        }
        reader.environment()
    }

    /// The home directory: `HOME`, else what the system's user list says about the user who runs this.
    pub fn home_directory(&self) -> Option<PathBuf> {
        self.home.clone().or_else(|| home_of(rustix::process::getuid().as_raw()))
    }
}

/// The arguments of this process, its own name first.
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The folder in which the user stands.
pub fn working_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
}

/// The command line for those who wait for this process: the verb and its packages, no options and no URLs, as either may
/// hold what others should not read.
pub fn command_line() -> String {
    shown(&arguments())
}

fn shown(arguments: &[OsString]) -> String {
    let words = arguments.iter().skip(1).take(4).map(|word| word.to_string_lossy());
    let words = words.filter(|word| !word.starts_with('-') && !word.contains("://"));
    words.fold("ora".to_owned(), |line, word| line + " " + &word)
}

/// The home directory of a user by number, from `/etc/passwd`.
pub fn home_of(user: u32) -> Option<PathBuf> {
    home_in(&std::fs::read_to_string("/etc/passwd").ok()?, user)
}

fn home_in(passwd: &str, user: u32) -> Option<PathBuf> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let home = Path::new(*fields.get(5)?);
        (fields.get(2)?.parse() == Ok(user) && home.is_absolute()).then(|| home.to_owned())
    })
}

#[derive(Default)]
struct Reader {
    values: BTreeMap<String, OsString>,
    unreadable: Vec<String>,
}

impl Reader {
    fn environment(mut self) -> Environment {
        Environment {
            config_dir: self.path("ORA_CONFIG_DIR"),
            data_dir: self.path("ORA_DATA_DIR"),
            cache_dir: self.path("ORA_CACHE_DIR"),
            bin_dir: self.path("ORA_BIN_DIR"),
            xdg_config_home: self.absolute("XDG_CONFIG_HOME"),
            xdg_data_home: self.absolute("XDG_DATA_HOME"),
            xdg_cache_home: self.absolute("XDG_CACHE_HOME"),
            home: self.absolute("HOME"),
            offline: self.text("ORA_OFFLINE"),
            github_token: self.secret(&["GITHUB_TOKEN"]),
            gitlab_token: self.secret(&["GITLAB_TOKEN"]),
            github_api_url: self.text("ORA_GITHUB_API_URL"),
            gitlab_api_url: self.text("ORA_GITLAB_API_URL"),
            proxies: Proxies {
                https: self.secret(&["https_proxy", "HTTPS_PROXY"]),
                http: self.secret(&["http_proxy"]),
                all: self.secret(&["all_proxy", "ALL_PROXY"]),
                none: self.text("no_proxy").or_else(|| self.text("NO_PROXY")),
            },
            ssl_cert_file: self.path("SSL_CERT_FILE"),
            no_color: self.values.contains_key("NO_COLOR"),
            term: self.text("TERM"),
            columns: self.text("COLUMNS").and_then(|columns| columns.parse().ok()),
            ci: self.values.contains_key("CI"),
            path: self.values.get("PATH").cloned(),
            shell: self.path("SHELL"),
            ssh: ["HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK"]
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), self.values.get(*name)?.clone())))
                .collect(),
            security: self.security(),
            test: self.test_hooks(),
            unreadable: self.unreadable,
        }
    }

    fn path(&mut self, name: &str) -> Option<PathBuf> {
        self.values.get(name).map(PathBuf::from)
    }

    fn absolute(&mut self, name: &str) -> Option<PathBuf> {
        self.path(name).filter(|path| path.is_absolute())
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let value = self.values.get(name)?;
        let text = value.to_str().map(str::to_owned);
        if text.is_none() {
            self.unreadable.push(name.to_owned());
        }
        text
    }

    fn secret(&mut self, names: &[&str]) -> Option<Secret> {
        names.iter().find_map(|name| self.text(name)).map(Secret)
    }

    fn security(&mut self) -> BTreeMap<String, String> {
        const PREFIX: &str = "ORA_SECURITY_";
        let names: Vec<String> = self.values.keys().filter(|name| name.starts_with(PREFIX)).cloned().collect();
        names.into_iter().filter_map(|name| Some((name[PREFIX.len()..].to_owned(), self.text(&name)?))).collect()
    }

    #[cfg(debug_assertions)]
    fn test_hooks(&mut self) -> TestHooks {
        TestHooks {
            clock: self.text("ORA_TEST_CLOCK"),
            crash_point: self.text("ORA_CRASH_POINT"),
            crash_record: self.path("ORA_CRASH_RECORD"),
        }
    }

    #[cfg(not(debug_assertions))]
    #[expect(clippy::unused_self, reason = "the debug build's twin needs it")]
    fn test_hooks(&mut self) -> TestHooks {
        TestHooks::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }

    #[test]
    fn empty_is_absent_and_relative_homes_do_not_count() {
        let read = environment(&[("ORA_DATA_DIR", ""), ("HOME", "here"), ("XDG_CONFIG_HOME", "x"), ("NO_COLOR", "")]);
        assert_eq!((read.data_dir, read.home, read.xdg_config_home, read.no_color), (None, None, None, false));
    }

    #[test]
    fn security_overrides_lose_their_prefix() {
        let read = environment(&[("ORA_SECURITY_NETWORK_HTTPS_ONLY", "true"), ("ORA_SECURITYX", "1")]);
        assert_eq!(read.security, BTreeMap::from([("NETWORK_HTTPS_ONLY".to_owned(), "true".to_owned())]));
    }

    #[test]
    fn secrets_do_not_print() {
        let read = environment(&[("GITHUB_TOKEN", "s3cret"), ("https_proxy", "http://u:s3cret@h")]);
        assert!(!format!("{read:?}").contains("s3cret"));
        assert_eq!(read.github_token.as_ref().map(Secret::expose), Some("s3cret"));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf8_is_a_problem_only_where_text_is_needed() {
        use std::os::unix::ffi::OsStringExt;
        let bytes = || OsString::from_vec(vec![b'/', 0xff]);
        let read = Environment::of([("ORA_OFFLINE".into(), bytes()), ("HOME".into(), bytes())]);
        assert_eq!(read.unreadable, ["ORA_OFFLINE"]);
        assert!(read.home.is_some());
    }

    #[cfg(unix)]
    #[test]
    fn the_command_line_is_shown_without_options_and_urls() {
        use std::os::unix::ffi::OsStringExt;
        let line = |words: &[&str]| shown(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(line(&["/usr/bin/ora"]), "ora");
        assert_eq!(line(&["ora", "registry", "add", "one", "https://user:secret@host/"]), "ora registry add one");
        assert_eq!(line(&["ora", "install", "--json", "jq", "rg", "fd"]), "ora install jq rg");
        let broken = OsString::from_vec(vec![b'j', 0xff]);
        assert_eq!(shown(&["ora".into(), "install".into(), broken]), "ora install j\u{fffd}");
    }

    #[test]
    fn the_user_list_gives_a_home() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(home_in(passwd, 1000), Some("/home/ada".into()));
        assert_eq!(home_in(passwd, 7), None);
    }
}
