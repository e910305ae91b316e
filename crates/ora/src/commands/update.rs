//! `ora update`.

use ora_engine::InstallPlan;
use ora_engine::{
    install::{self, Planned, Request, Step, What},
    update,
};

use super::{
    engine::{Engine, failure},
    install as shown,
};
use crate::{
    args::update::UpdateArgs,
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

/// Updates, or shows what would be updated.
pub fn run(arguments: &UpdateArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?.cached_only(arguments.cached_only);
    let request = Request {
        what: What::Packages { arguments: Vec::new(), version: None },
        mode: None,
        allow_insecure: arguments.allow_insecure,
        force: false,
        keep: arguments.keep,
        sha256: None,
        with_dependencies: true,
        carrier: None,
    };
    engine.run(|context, registries| {
        registries.refresh(context);
        let prepared = update::prepare(context, registries, &arguments.packages, &request)?;
        let mut failures: Vec<Failure> = prepared.failed.into_iter().map(failure).collect();
        let planned: Vec<Planned> = prepared.planned.into_iter().filter(|one| one.step != Step::Nothing).collect();
        if arguments.dry_run {
            shown::show_plans(&planned, &wiring.printer)?;
        } else {
            let consent =
                |planned: &Planned, plan: &InstallPlan| shown::ask(planned, plan, arguments.allow_scripts, wiring);
            let (done, failed) = install::execute_each(context, &planned, &request, &consent);
            failures.extend(failed.into_iter().map(failure));
            shown::show_done(&done, &[], &wiring.printer, None)?;
        }
        if planned.is_empty() && failures.is_empty() {
            wiring.printer.say(Line::new().plain("everything is up to date"));
        }
        match shown::several(failures) {
            Some(failure) => Err(failure.into()),
            None => Ok(Exit::Done),
        }
    })
}
