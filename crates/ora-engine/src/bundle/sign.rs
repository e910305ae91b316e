//! `ora bundle sign`: one more signature, on a bundle that is there already.

use std::path::Path;

use ora_audit::{Action, Outcome, Record};
use ora_bundle::Target;
use ora_verify::site::Trust;

use super::{View, open};
use crate::{
    Context, Error,
    export::file_name,
    key::{self, Signing},
};

/// Signs a bundle where it stands; recorded in the audit log either way. Every file in it is compared with the list first, and
/// signatures of others stay. Returns what is in it now, and who signed: `openpgp:FINGERPRINT` or `gpg:ID`.
pub fn sign(context: &Context<'_>, path: &Path, signing: &Signing<'_>) -> Result<(View, String), Error> {
    let signed = write(context, path, signing);
    let outcome = match &signed {
        Ok(_) => Outcome::Done,
        Err(error) => Outcome::Failed { kind: error.kind(), message: error.to_string() },
    };
    let mut record = Record::new(Action::BundleSign, outcome);
    let sha256 = signed.as_ref().ok().and_then(|(view, _)| view.sha256.parse().ok());
    record.file = Some((file_name(path), sha256));
    record.signer = signed.as_ref().ok().map(|(_, signer)| signer.clone());
    if let Some(first) = signed.as_ref().ok().and_then(|(view, _)| view.packages.first()) {
        record.package = first.name.parse().ok();
        record.version = first.version.parse().ok();
    }
    context.log().append(&record, context.clock, context.reporter)?;
    signed
}

fn write(context: &Context<'_>, path: &Path, signing: &Signing<'_>) -> Result<(View, String), Error> {
    let Some(Target::File(_, container)) = Target::of(path) else {
        return Err(Error::BundleName { file: path.to_path_buf() });
    };
    // Whoever signs decides for himself; only what is no signature at all is refused.
    let nobody = Trust::nobody(context.now());
    let bundle = open(context, path, &nobody)?;
    let signer = key::signer(context, signing)?;
    let refused = |source| Error::Bundle { file: path.to_path_buf(), source };
    bundle.sign(container, signer.sign.as_ref()).map_err(refused)?;
    Ok((View::of(&open(context, path, &nobody)?, path), signer.name))
}
