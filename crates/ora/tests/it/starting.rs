//! Programs that this machine could not start are refused when they are installed, not when somebody needs them.

use ora_testkit::{TestBed, forge, forge::Member};

use crate::bed;

/// An executable of this machine that nothing but a header and the name of its loader is left of.
fn loaded_by(interpreter: &str) -> Vec<u8> {
    let machine: u8 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
    let mut bytes = vec![0; 120];
    bytes[..8].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0]);
    (bytes[16], bytes[18], bytes[20], bytes[32], bytes[52], bytes[54], bytes[56]) = (3, machine, 1, 64, 64, 56, 1);
    // One program header: an interpreter, right behind it.
    (bytes[64], bytes[72], bytes[96]) = (3, 120, u8::try_from(interpreter.len() + 1).unwrap());
    bytes.extend_from_slice(interpreter.as_bytes());
    bytes.push(0);
    bytes
}

fn offered(interpreter: &str) -> TestBed {
    let bed = bed();
    bed.write("tool.tar.gz", forge::tar_gz(&[Member::program("tool", loaded_by(interpreter))]));
    bed.write("tool.toml", "name = \"tool\"\nversion = \"1.0\"\nbinaries = [\"tool\"]\n");
    bed
}

const INSTALL: [&str; 5] = ["install", "--local", "tool.tar.gz", "--metadata", "tool.toml"];

#[test]
fn a_loader_that_is_not_here_is_named() {
    let bed = offered("/lib/ld-of-elsewhere.so.1");
    let refused = bed.ora(INSTALL).expect(4);
    assert!(refused.stderr.contains("cannot start here"), "{refused}");
    assert!(refused.stderr.contains("`/lib/ld-of-elsewhere.so.1`, which is not on this system"), "{refused}");
    assert_eq!(bed.ora(["list", "--json"]).success().json(), serde_json::json!([]));
    offered("/bin/sh").ora(INSTALL).success();
}
