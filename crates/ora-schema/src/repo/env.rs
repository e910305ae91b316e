//! Which variables a definition may set for its script.
//!
//! A definition may give its script names of its own. It may not touch what changes the programs that the script calls:
//! loaders, interpreters, shells, git, search paths, proxies, certificates, what Ora itself says.

/// Beginnings of names that belong to loaders, interpreters and tools.
const REFUSED_FAMILIES: [&str; 62] = [
    "LD_",
    "DYLD_",
    "_RLD",
    "RLD_",
    "GLIBC_",
    "MALLOC_",
    "GCONV_",
    "NLSPATH",
    "LOCPATH",
    "LC_",
    "RES_",
    "LIBPATH",
    "SHLIB_",
    "GIT_",
    "SSH_",
    "GPG",
    "BASH",
    "ZSH",
    "KSH",
    "ZDOTDIR",
    "FPATH",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "SHELL",
    "PYTHON",
    "PERL",
    "RUBY",
    "GEM_",
    "BUNDLE_",
    "NODE_",
    "NPM_",
    "YARN_",
    "PNPM_",
    "BUN_",
    "DENO_",
    "JAVA_TOOL",
    "JDK_JAVA",
    "_JAVA",
    "LUA_",
    "PHP",
    "CARGO_",
    "RUST",
    "GOFLAGS",
    "MAKE",
    "CURL_",
    "WGET",
    "SSL_",
    "OPENSSL_",
    "LESS",
    "XDG_",
    "DBUS_",
    "SUDO_",
    "SYSTEMD_",
    "ORA_",
    "TERMINFO",
    "TERMCAP",
    "DOCKER_",
    "KUBECONFIG",
    "AWS_",
];

/// Whole names.
const REFUSED_NAMES: [&str; 45] = [
    "PATH",
    "CDPATH",
    "MANPATH",
    "INFOPATH",
    "CLASSPATH",
    "ENV",
    "IFS",
    "HOME",
    "USER",
    "LOGNAME",
    "USERNAME",
    "PWD",
    "OLDPWD",
    "TMPDIR",
    "TMP",
    "TEMP",
    "TZ",
    "TZDIR",
    "LANG",
    "LANGUAGE",
    "TERM",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "BROWSER",
    "MAIL",
    "DISPLAY",
    "PROMPT_COMMAND",
    "HISTFILE",
    "HOSTALIASES",
    "LOCALDOMAIN",
    "PAM_SERVICE",
    "COMSPEC",
    "PATHEXT",
    "SYSTEMROOT",
    "WINDIR",
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "REQUESTS_CA_BUNDLE",
    "INSTALL_DIR",
    "VERSION",
    "OPTARG",
];

/// Why a definition may not set a variable; `None` when it may.
pub(super) fn objection(name: &str) -> Option<&'static str> {
    let upper = name.to_ascii_uppercase();
    let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.len() <= 128
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Some("is not the name of a variable");
    }
    let is_refused = REFUSED_NAMES.contains(&upper.as_str())
        || REFUSED_FAMILIES.iter().any(|family| upper.starts_with(family))
        || upper.ends_with("_PROXY");
    is_refused.then_some("changes the programs that a script calls")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_of_the_package_itself() {
        for good in
            ["TOOL_HOME", "APP_CONFIG_DIR", "JAVA_HOME", "GOROOT", "greeting", "A1", "PATHS_OF_TOOL", "ENVIRONMENT"]
        {
            assert_eq!(objection(good), None, "{good}");
        }
        for bad in [
            "LD_PRELOAD",
            "ld_library_path",
            "DYLD_INSERT_LIBRARIES",
            "PATH",
            "Path",
            "GIT_SSH",
            "GIT_SSH_COMMAND",
            "BASH_ENV",
            "ENV",
            "IFS",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "PERL5OPT",
            "NODE_OPTIONS",
            "RUBYOPT",
            "JAVA_TOOL_OPTIONS",
            "HOME",
            "GLIBC_TUNABLES",
            "LESSOPEN",
            "https_proxy",
            "ALL_PROXY",
            "SSL_CERT_FILE",
            "PROMPT_COMMAND",
            "SHELLOPTS",
            "PS4",
            "ORA_BIN_DIR",
            "INSTALL_DIR",
            "",
            "1A",
            "A=B",
            "A B",
            "A-B",
            "BASH_FUNC_ls%%",
            "\u{430}",
        ] {
            assert!(objection(bad).is_some(), "{bad}");
        }
    }
}
