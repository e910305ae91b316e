//! Reads the command line, and explains what is wrong with it.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, error::ErrorKind};
use ora_core::{Hint, Kind, Untrusted};

use crate::{
    args::{Cli, ColorWhen, Command, Global},
    failure::{Exit, Failure},
    output::{Palette, Printer},
};

/// The whole command line, for completions, command pages and manual pages.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Reads the arguments, the program's name first.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    check(&cli, &mut command)?;
    Ok(cli)
}

/// The global flags that matter for showing an error, from arguments that did not parse.
pub fn global_flags(arguments: &[OsString]) -> Global {
    let mut global = Global::default();
    let mut words = arguments.iter().skip(1).filter_map(|argument| argument.to_str()).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        match word {
            "--json" => global.json = true,
            "--color=always" => global.color = ColorWhen::Always,
            "--color=never" => global.color = ColorWhen::Never,
            "--color" => match words.next() {
                Some("always") => global.color = ColorWhen::Always,
                Some("never") => global.color = ColorWhen::Never,
                _ => {}
            },
            _ => {}
        }
    }
    global
}

/// Answers `--help` and `--version`, and says what is wrong with a command line.
pub fn explain(error: &clap::Error, arguments: &[OsString], printer: &Printer) -> Exit {
    let plain = error.to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let coloured = printer.look().data == Palette::Coloured;
        printer.text(&if coloured { error.render().ansi().to_string() } else { plain });
        return match printer.finish() {
            Ok(()) => Exit::Done,
            Err(failure) => {
                printer.failure(&failure);
                failure.exit()
            }
        };
    }
    let suspicious = arguments.iter().any(|argument| Untrusted(&argument.to_string_lossy()).is_suspicious());
    let coloured = printer.look().talk == Palette::Coloured && !suspicious;
    let shown = if coloured { error.render().ansi().to_string() } else { plain.clone() };
    printer.usage(&usage_failure(error.kind(), &plain), &shown.replacen("error:", "error[usage]:", 1), suspicious);
    Exit::Usage
}

/// What clap cannot check by itself.
fn check(cli: &Cli, command: &mut clap::Command) -> Result<(), clap::Error> {
    let (verb, packages) = match &cli.command {
        Some(Command::Install(install)) if install.version.is_some() => ("install", install.packages.len()),
        Some(Command::Download(download)) if download.version.is_some() => ("download", download.packages.len()),
        Some(Command::Uninstall(uninstall)) if uninstall.version.is_some() => ("uninstall", uninstall.packages.len()),
        _ => return Ok(()),
    };
    if packages <= 1 {
        return Ok(());
    }
    let message = "`--version` is for one package; write `name@version` for several";
    let error = match command.find_subcommand_mut(verb) {
        Some(verb) => verb.error(ErrorKind::ArgumentConflict, message),
        None => command.error(ErrorKind::ArgumentConflict, message),
    };
    Err(error)
}

/// A usage error as `--json` tells it.
fn usage_failure(kind: ErrorKind, plain: &str) -> Failure {
    let message = if kind == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        "a subcommand is needed".to_owned()
    } else {
        let first = plain.split("\n\n").next().unwrap_or(plain);
        first.trim_start_matches("error:").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let words = plain.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or("ora");
    let verbs: Vec<&str> =
        words.split_whitespace().take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase())).collect();
    Failure::new(Kind::Usage, message).with_hint(Hint::run(format!("{} --help", verbs.join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn refused(line: &str) -> Failure {
        let error = parse(&words(line)).unwrap_err();
        usage_failure(error.kind(), &error.to_string())
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn help_begins_with_an_imperative_line_and_shows_examples() {
        fn visit(command: &clap::Command) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let name = command.get_name();
            assert!(about.starts_with(|c: char| c.is_uppercase()) && !about.ends_with('.'), "{name}: {about:?}");
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_empty() && !help.ends_with('.'), "{name} {}: {help:?}", argument.get_id());
            }
            command.get_subcommands().for_each(visit);
        }
        let command = command();
        visit(&command);
        for verb in command.get_subcommands() {
            assert!(verb.get_after_help().is_some(), "{} has no example", verb.get_name());
        }
    }

    #[test]
    fn flags_that_contradict_are_usage_errors() {
        for line in [
            "ora install --locked --version 1 jq",
            "ora install jq --repo x.repo",
            "ora install --local x.tar.gz",
            "ora install --metadata x.toml",
            "ora install --sha256 00 jq",
            "ora install jq --userland --system",
            "ora install -v 1 a b",
            "ora uninstall --version 1 a b",
            "ora uninstall",
            "ora update --all jq",
            "ora resolve",
            "ora list --offline --no-offline",
            "ora list --quiet --verbose",
            "ora registry",
            "ora registry sync --allow-rollback",
            "ora install ../x",
            "ora lock --check --update jq",
        ] {
            assert_eq!(parse(&words(line)).map(|_| ()).map_err(|error| error.exit_code()), Err(2), "{line}");
        }
    }

    #[test]
    fn what_reads_well_parses() {
        for line in [
            "ora",
            "ora --json list",
            "ora list -v --json",
            "ora install -v 1.0 jq",
            "ora install BurntSushi/ripgrep@aqua@14.1.1 jq@latest",
            "ora install --repo https://example.com/x.repo --version v1",
            "ora install --local x.tar.gz --metadata x.toml --force",
            "ora resolve jq --platform linux-x86_64,macos-arm64 --platform windows/amd64",
            "ora registry update official",
            "ora registry add x ./dir --path definitions --type dir --priority 5",
            "ora lint --strict x",
            "ora config suppress-warning jq",
            "ora install",
            "ora install --locked --offline jq",
            "ora lock --update",
            "ora lock --update jq --update yq",
        ] {
            assert!(parse(&words(line)).is_ok(), "{line}: {}", parse(&words(line)).unwrap_err());
        }
    }

    #[test]
    fn a_usage_error_says_where_help_is() {
        let failure = refused("ora registry add");
        assert_eq!(failure.hints, [Hint::run("ora registry add --help")]);
        assert!(failure.message.starts_with("the following required arguments were not provided"), "{failure:?}");
        assert_eq!(refused("ora registry").message, "a subcommand is needed");
        assert_eq!(refused("ora registry").hints, [Hint::run("ora registry --help")]);
    }

    #[test]
    fn flags_before_the_mistake_and_after_it_count() {
        assert!(global_flags(&words("ora list --wrong --json")).json);
        assert!(!global_flags(&words("ora list -- --json")).json);
        assert_eq!(global_flags(&words("ora --color never --wrong")).color, ColorWhen::Never);
    }
}
