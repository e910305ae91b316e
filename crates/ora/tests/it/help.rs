//! `ora`, `ora --help`, `ora --version` and the help of every verb.

use ora_testkit::ora_snapshot;

use crate::bed;

/// Alone, Ora shows what one would do first.
#[test]
fn alone_it_shows_the_first_steps() {
    ora_snapshot!(bed().ora([] as [&str; 0]), @r"
    exit: 0
    --- stdout
    Ora installs ready-made programs, with and without a network.

    First steps:
      ora registry add NAME URL  say where packages come from
      ora search WORD            find one
      ora install PACKAGE        install it
      ora list                   see what is installed
      ora update                 bring everything up to date

    All commands: ora --help
    ");
}

/// The short help lists every verb.
#[test]
fn short_help() {
    ora_snapshot!(bed().ora(["-h"]), @r"
    exit: 0
    --- stdout
    Install ready-made programs, with and without a network

    Usage: ora [OPTIONS] [COMMAND]

    Commands:
      install      Install packages, or switch them to another version
      uninstall    Remove installed packages
      update       Bring installed packages to their newest versions
      download     Fetch packages for later, without installing them
      lock         Write down exactly what is meant, down to the last byte
      init         Start a project: write an `ora.toml` here
      add          Ask for packages in `ora.toml`
      remove       No longer ask for packages in `ora.toml`
      exec         Run a command with the tools that the project's lock names
      env          Print what a shell has to do to use the tools that the project's lock names
      list         List what is installed
      why          Show why a package is installed: who asked for it, and what needs it
      outdated     Show which installed packages have newer versions
      search       Find packages by name, description, tags or commands
      info         Show what is known about a package
      resolve      Show what an install would fetch, without fetching it
      registry     Manage the registries that packages come from
      cache        Look at what is held here, check it, keep it, clean it up
      key          Make keys that sign exports, and say whose signatures count here
      bundle       Carry one package in one file: write bundles, check them, look into them
      validate     Check `.repo` files, and point at what is wrong in them [alias: lint]
      sbom         Print a bill of materials: files, digests, origins, licences
      verify       Compare installed files with what was installed
      audit        Show what was done here, and check that the record of it is whole
      which        Show which package a command belongs to, and the file behind it
      config       Show and change the configuration
      security     Show and change the security policy
      completions  Print a completion script for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
          --verbose       Say more: what was chosen, and why
          --debug         Say everything, for reports about Ora itself
          --offline       Use no network of any kind, only what is held here
          --no-offline    Use the network although the configuration or `ORA_OFFLINE` says offline
          --no-audit      Go on where the audit log cannot be written; only where `audit.allow_no_audit`
                          in `security.toml` allows it
          --quiet         Say nothing but warnings, errors and what was asked for
          --yes           Answer yes where something is lost for good; never where trust is given
          --json          Print one JSON document; progress and errors become JSON lines on standard
                          error
          --color <WHEN>  When to use colour [possible values: auto, always, never]

    Examples:
      ora registry add official https://github.com/example/ora-registry.git
      ora search kubernetes
      ora install kubectl prometheus@2.45.0
      ora update

    Exit codes:
      0 done   1 failed   2 wrong usage   3 not found   4 verification failed
      5 not available offline   6 network   130 interrupted
    ");
}

/// The long help of a verb explains and shows examples.
#[test]
fn long_help_of_a_verb() {
    ora_snapshot!(bed().ora(["uninstall", "--help"]), @r"
    exit: 0
    --- stdout
    Remove installed packages

    Removes the commands first, then the files. Only what the install recorded is removed: a command
    name that something else took over since then stays.

    Usage: ora uninstall [OPTIONS] <PACKAGE>...

    Arguments:
      <PACKAGE>...
              What to remove

    Options:
      -v, --version <VERSION>
              Remove only this version; for one package

          --purge
              Forget the downloads of the package too

      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --verbose
              Say more: what was chosen, and why

          --debug
              Say everything, for reports about Ora itself

          --offline
              Use no network of any kind, only what is held here

          --no-offline
              Use the network although the configuration or `ORA_OFFLINE` says offline

          --no-audit
              Go on where the audit log cannot be written; only where `audit.allow_no_audit` in
              `security.toml` allows it

          --quiet
              Say nothing but warnings, errors and what was asked for

          --yes
              Answer yes where something is lost for good; never where trust is given

          --json
              Print one JSON document; progress and errors become JSON lines on standard error

          --color <WHEN>
              When to use colour

              Possible values:
              - auto:   On terminals, unless `NO_COLOR` is set
              - always: Always
              - never:  Never

    Examples:
      ora uninstall prometheus
      ora uninstall --version 2.44.0 prometheus
      ora uninstall --purge kubectl jq
    ");
}

/// Every verb and subcommand answers `--help`.
#[test]
fn every_verb_has_help() {
    fn visit(bed: &ora_testkit::TestBed, path: &[&str], command: &clap::Command) {
        for verb in command.get_subcommands() {
            let path: Vec<&str> = path.iter().copied().chain([verb.get_name()]).collect();
            let output = bed.ora(path.iter().copied().chain(["--help"])).success();
            assert!(output.stdout.contains("Usage: ora"), "{path:?}: {output}");
            assert!(output.stderr.is_empty(), "{output}");
            visit(bed, &path, verb);
        }
    }
    visit(&bed(), &[], &ora::cli::command());
}

/// The version is one line, whatever else is asked for.
#[test]
fn version() {
    let output = bed().ora(["--version"]).success();
    assert_eq!(output.stdout, format!("ora {}\n", env!("CARGO_PKG_VERSION")));
}

/// Help needs no home, no readable configuration and no writable place.
#[test]
fn help_needs_nothing() {
    let bed = bed();
    bed.write_config("security.toml", "broken [");
    for arguments in [&["--help"][..], &["--version"], &["install", "--help"], &[]] {
        bed.ora_with(arguments, |command| {
            command.env_remove("HOME").env("COLUMNS", "1");
        })
        .success();
    }
}

/// Colour appears where it is asked for, and nowhere else.
#[test]
fn colour_is_a_choice() {
    let bed = bed();
    assert!(bed.ora(["--color", "always", "--help"]).stdout.contains('\u{1b}'));
    assert!(!bed.ora(["--help"]).stdout.contains('\u{1b}'));
    assert!(bed.ora(["--color=always"]).stdout.contains('\u{1b}'));
}
