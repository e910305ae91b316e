//! `ora.lock`: making it, reading it, and what follows from it.

mod check;
mod error;
mod file;
mod learn;
mod locked;
mod make;
mod shelf;

pub use self::check::{check_asked, check_installed};
pub use self::error::LockError;
pub use self::file::{LockFile, place, read, read_if_any};
pub use self::make::{Asked, Made, Renew, Wishes, installed_set, make, typed_set};
pub(crate) use self::{
    file::{Locked, keep},
    locked::{available, in_order, meant},
    shelf::{Known, Shelf},
};
