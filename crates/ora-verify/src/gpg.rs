//! Signing with a key that the user's own `gpg` holds: one of the files that start a program.
#![expect(clippy::disallowed_methods, reason = "starts the user's own gpg, to sign and for nothing else")]

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::site::{SiteError, signers};

/// Signs bytes with the key that `id` names to gpg: an armoured detached signature. No shell is in between; gpg asks for a
/// passphrase in its own way. What it says about time is its own clock's.
pub fn sign(id: &str, data: &[u8]) -> Result<String, SiteError> {
    let failed = |reason: String| SiteError::Gpg { reason };
    if id.is_empty() || id.starts_with('-') {
        return Err(failed(format!("`{}` names no key", ora_core::Untrusted(id))));
    }
    let mut command = Command::new("gpg");
    command.args(["--quiet", "--armor", "--digest-algo", "SHA512", "--no-textmode", "--output", "-"]);
    command.args(["--local-user", id, "--detach-sign"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(format!("it cannot be started ({error})")))?;
    let written = child.stdin.take().map(|mut input| input.write_all(data));
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        return Err(failed(ora_core::Untrusted(last).to_string()));
    }
    if let Some(Err(error)) = written {
        return Err(failed(error.to_string()));
    }
    let text = String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))?;
    signers(text.as_bytes(), data, &[]).map_err(|_| failed("what it wrote is no signature".to_owned()))?;
    Ok(text)
}
