//! `ora security`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    config::{SettingView, setting_views, show_settings},
    config_files,
};
use crate::{
    args::security::{SecurityArgs, SecurityCommand},
    failure::{Exit, Failure},
    settings::files::ConfigName,
    wire::Wiring,
};

/// Does what was asked for.
pub fn run(arguments: &SecurityArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    match &arguments.command {
        SecurityCommand::Init => config_files::init(ConfigName::Security, "ora security reset", wiring),
        SecurityCommand::Show { origin } => show(*origin, wiring),
        SecurityCommand::Reset => config_files::reset(ConfigName::Security, wiring),
        SecurityCommand::Verify => config_files::verify(&[ConfigName::Security], wiring),
    }
}

#[derive(Serialize)]
struct SecurityView {
    file: String,
    settings: BTreeMap<String, SettingView>,
}

fn show(origin: bool, wiring: &Wiring) -> Result<Exit, Failure> {
    let rules = wiring.settings()?.rules();
    if wiring.printer.look().json {
        let file = wiring.layout.security_file().display().to_string();
        wiring.printer.document(&SecurityView { file, settings: setting_views(rules) })?;
    } else {
        show_settings(rules, origin, &wiring.printer);
    }
    Ok(Exit::Done)
}
