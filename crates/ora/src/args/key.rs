//! `ora key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ora_core::{Fingerprint, Purpose, Timestamp};

/// Make keys that sign exports, and say whose signatures count here
///
/// While no key is trusted, exports are accepted from anybody, and it is said that nobody trusted signed them. As soon as one
/// is trusted, only what a trusted key signed is accepted, and that is checked before anything else of it is read.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora key generate --name 'Example Site' --email packages@example.org
  ora key export > site.asc
  ora key trust site.asc
  ora cache export --sign --output /media/usb/ora-cache.tar.gz
  ora key list
  ora key revoke 'Example Site' --reason 'the laptop was stolen'")]
pub struct KeyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What to do with keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key of this site
    ///
    /// An OpenPGP key (version 4, Ed25519) which GnuPG reads as well. Its secret part is a file that only you can read; nobody
    /// trusts it by that, not even this machine.
    Generate {
        /// The name in it, such as that of your site
        #[arg(long)]
        name: String,
        /// The address in it
        #[arg(long)]
        email: Option<String>,
        /// Lock the secret part with a passphrase, which is asked for, or read as a line from standard input
        #[arg(long)]
        passphrase: bool,
    },
    /// List the keys that are known here, and which of them are trusted
    List,
    /// Show what is known of a key
    Show {
        /// Its name, address or full fingerprint
        key: String,
    },
    /// Print the public part of a key
    Export {
        /// Its name, address or full fingerprint; the only one of this site where there is no more than one
        key: Option<String>,
    },
    /// Make the keys of a file known by name, without trusting them
    Import {
        /// The public keys, armoured or binary
        file: PathBuf,
    },
    #[allow(missing_docs, reason = "documented on the arguments, which is where help takes it from")]
    Trust(TrustArgs),
    /// Trust a key no longer
    Untrust {
        /// Its name, address or full fingerprint
        key: String,
    },
    /// Refuse a key for good
    ///
    /// Nothing takes that back: what the key signed is refused whether anybody else is trusted or not.
    Revoke {
        /// Its name or address, or the full fingerprint of any key
        key: String,
        /// Why, for the record
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Trust a key, of another site or your own
///
/// Shows the full fingerprint and asks. Compare it with what the site says in another way than the one by which the key came.
/// Without a terminal it has to be given with `--fingerprint`; `--yes` does not stand for it.
#[derive(Args, Clone, Debug)]
pub struct TrustArgs {
    /// The file of its public part, or its name or full fingerprint where it is known
    #[arg(value_name = "FILE|KEY")]
    pub key: String,
    /// The full fingerprint it has to have
    #[arg(long, value_name = "FINGERPRINT")]
    pub fingerprint: Option<Fingerprint>,
    /// What it may sign: `export`, `bundle`, `registry:NAME`; exports and bundles where this is left out
    #[arg(long = "for", value_name = "PURPOSE", value_delimiter = ',')]
    pub purposes: Vec<Purpose>,
    /// Only these packages, as patterns such as `kube*`
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub packages: Vec<String>,
    /// Only what it signs before this moment, such as `2027-01-01T00:00:00Z`
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// How many different trusted keys have to sign from now on
    #[arg(long, value_name = "COUNT")]
    pub threshold: Option<usize>,
}
