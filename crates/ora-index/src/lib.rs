//! The only crate that opens SQLite: an index that repeats what files hold, and can always be rebuilt from them.
